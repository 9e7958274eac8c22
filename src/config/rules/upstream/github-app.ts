import { createPrivateKey } from 'node:crypto';
import type { z } from 'zod';
import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { githubApp } from '../../schema/github-app.ts';
import { fileText } from '../file-text.ts';
import { templateProblem } from '../headers.ts';
import type { RuleContext } from '../rule.ts';
import { ambiguityProblem } from './ambiguous-template.ts';
import { isPrivate } from './auth-values.ts';

type GithubAppAuth = NonNullable<z.output<typeof githubApp>>;

export function checkGithubApp(
  context: RuleContext,
  auth: GithubAppAuth,
  path: KeyPath,
  type: DraftService['type'],
): void {
  const { apiUrl, keyFile, permissions, repositories, repositoryIds } = auth;
  if (type !== 'git' && type !== 'http') {
    context.error(
      path,
      'is for services of type git and http; GitHub’s container registry denies such tokens access to private images',
      'key',
    );
  }
  if (!isPrivate(apiUrl)) context.error([...path, 'apiUrl'], 'must be https: the app’s JWT travels to it');
  if (!isRsaKey(keyFile))
    context.error([...path, 'keyFile'], `${keyFile} must hold an unencrypted RSA private key (PEM)`);
  if (repositories !== undefined && repositoryIds !== undefined)
    context.error([...path, 'repositories'], 'give either repositories or repositoryIds, not both', 'key');
  checkTemplates(context, [...path, 'repositories'], repositories, REPOSITORY);
  checkTemplates(context, [...path, 'repositoryIds'], repositoryIds, REPOSITORY_ID);
  checkLevels(context, [...path, 'permissions'], permissions ?? {});
  warnUnlimited(context, auth, path);
}

/** GitHub grants everything where a limit is absent. */
function warnUnlimited(
  context: RuleContext,
  { permissions, repositories, repositoryIds }: GithubAppAuth,
  path: KeyPath,
): void {
  if (permissions === undefined) {
    const message =
      'has no permissions key, so its tokens have all permissions of the installation; set permissions: { contents: read }';
    context.warn(path, message, 'key');
  }
  if (repositories === undefined && repositoryIds === undefined) {
    const message =
      'has neither repositories nor repositoryIds, so its tokens are valid for all repositories of the installation; set repositoryIds: ["{claims.repository_id}"]';
    context.warn(path, message, 'key');
  }
}

interface TemplateForm {
  /** The characters between placeholders. */
  readonly text: RegExp;
  readonly message: string;
}

const REPOSITORY: TemplateForm = {
  text: /^[\w./-]*$/,
  message: 'is not the name of a repository: NAME or OWNER/NAME, also with {claims.NAME}',
};
const REPOSITORY_ID: TemplateForm = {
  text: /^\d*$/,
  message: 'is not the id of a repository: a number or {claims.repository_id}',
};

function checkTemplates(
  context: RuleContext,
  path: KeyPath,
  templates: readonly string[] | undefined,
  { text, message }: TemplateForm,
): void {
  for (const [index, template] of (templates ?? []).entries()) {
    const literal = template.replaceAll(/\{[^{}]*\}/g, '');
    const problem = templateProblem(template) ?? (text.test(literal) ? ambiguityProblem(template) : message);
    if (problem !== undefined) context.error([...path, index], problem);
  }
}

function checkLevels(
  context: RuleContext,
  path: KeyPath,
  permissions: Readonly<Record<string, string>>,
): void {
  for (const [name, level] of Object.entries(permissions)) {
    const problem = level.includes('{')
      ? templateProblem(level)
      : LEVELS.has(level)
        ? undefined
        : 'must be read, write or admin, or a template with {claims.NAME}';
    if (problem !== undefined) context.error([...path, name], problem);
  }
}

const LEVELS: ReadonlySet<string> = new Set(['read', 'write', 'admin']);

/** True for a file that cannot be read: `checkFiles` reports it. */
function isRsaKey(file: string): boolean {
  const pem = fileText(file);
  if (pem === undefined) return true;
  try {
    return pem.trim() === '' || createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
