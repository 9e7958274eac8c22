import { hash } from 'node:crypto';
import { startOfDay } from '../../../core/credentials/deploy-token.ts';
import type { DraftDeployToken } from '../../model/draft.ts';
import type { RuleContext } from '../rule.ts';
import { GENERATE } from '../../schema/tokens.ts';

export function checkDeployTokens(context: RuleContext): void {
  const owners = new Map<string, string>();
  for (const token of context.draft.deployTokens) {
    checkUsername(context, token);
    checkSecret(context, token, owners);
    checkExpiry(context, token);
  }
}

function checkUsername(context: RuleContext, { name, username }: DraftDeployToken): void {
  // This user name marks a job token: GitLab, "Use a CI/CD job token".
  if (username !== 'gitlab-ci-token') return;
  context.error(['deployTokens', name, 'username'], 'is the user name of job tokens; choose another');
}

function checkSecret(context: RuleContext, token: DraftDeployToken, owners: Map<string, string>): void {
  const { name, secretHash } = token;
  const path = ['deployTokens', name, 'secretHash'];
  const owner = owners.get(secretHash);
  if (isGuessable(token)) {
    context.error(path, `is the hash of a secret that can be guessed; ${GENERATE}`);
  } else if (owner !== undefined) {
    const where = context.where(['deployTokens', owner, 'secretHash']);
    context.error(
      path,
      `is also the hash of "${owner}" (${where}): the two tokens are indistinguishable; ${GENERATE}`,
    );
  }
  owners.set(secretHash, name);
}

const GUESSABLE = [
  '',
  ' ',
  '0',
  '123456',
  '12345678',
  '123456789',
  '1234567890',
  'abc123',
  'admin',
  'change-me',
  'changeit',
  'changeme',
  'default',
  'deploy',
  'deploy-token',
  'example',
  'foobar',
  'gatehouse',
  'gitlab',
  'hunter2',
  'letmein',
  'null',
  'pass',
  'passw0rd',
  'password',
  'password1',
  'P@ssw0rd',
  'qwerty',
  'root',
  'secret',
  'test',
  'token',
  'undefined',
];

const GUESSABLE_HASHES: ReadonlySet<string> = new Set(GUESSABLE.flatMap(hashesOf));

/** Secrets that are common in experiments. */
function isGuessable({ name, username, secretHash }: DraftDeployToken): boolean {
  return GUESSABLE_HASHES.has(secretHash) || [name, username].flatMap(hashesOf).includes(secretHash);
}

/** `echo` appends a line end. */
function hashesOf(text: string): string[] {
  return [text, `${text}\n`].map((each) => `sha256:${hash('sha256', each)}`);
}

const DAY = 86_400_000;
const SOON = 30 * DAY;

function checkExpiry(context: RuleContext, { name, expires }: DraftDeployToken): void {
  const path = ['deployTokens', name];
  if (expires === undefined) {
    context.warn(path, 'never expires; give it expires: YYYY-MM-DD', 'key');
    return;
  }
  const left = startOfDay(expires) - context.now;
  if (left <= 0) {
    context.warn(
      [...path, 'expires'],
      'has passed: the token is refused; make a new one, or take the entry out',
    );
  } else if (left <= SOON) {
    const days = Math.ceil(left / DAY);
    const when = days === 1 ? 'within a day' : `within ${days} days`;
    context.warn(
      [...path, 'expires'],
      `comes ${when}: add a second entry with the same username, then move clients`,
    );
  }
}
