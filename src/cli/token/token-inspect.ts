import { parseDeployTokenName } from '../../core/credentials/deploy-token.ts';
import { jwtParts } from '../../util/text/jwt-parts.ts';
import { tokenHashes, type TokenHashes } from '../../util/text/token-hash.ts';
import { required, type Command } from '../command.ts';
import { readOptionFile } from '../option-file.ts';
import { EXIT } from '../terminal.ts';

export const tokenInspectCommand: Command = {
  summary: 'show the class, hash and claims of a token',
  help: `
Reads a token from a file and shows its class, the SHA-256 hash used in the audit log and in revocations, and for a
JWT its header and claims. The hash of a JWT covers header.payload, which is the same for all its valid signatures;
"as sent" is the hash of the whole token. The token is not verified, and its signature is not shown.

  gatehouse token inspect --token-file token.jwt
  gatehouse token inspect --token-file /dev/stdin --json < token.jwt`,
  options: {
    'token-file': { type: 'string', value: 'FILE', help: 'File that contains only the token.' },
    json: { type: 'boolean', help: 'Print JSON.' },
  },
  async run(values, terminal) {
    const token = readOptionFile('token-file', required(values, 'token-file')).trim();
    const { classOfToken } = await import('../../app/tools.ts');
    const report = {
      class:
        classOfToken(
          { credentialSource: 'bearer', token, username: undefined, isJobToken: false },
          NO_DEPLOY_TOKENS,
        ) ?? 'unknown',
      ...tokenHashes(token),
      deployToken: parseDeployTokenName(token),
      ...jwtParts(token),
    };
    terminal.out(values['json'] === true ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
    return EXIT.done;
  },
};

interface Report extends TokenHashes {
  readonly class: string;
  readonly deployToken: string | undefined;
  readonly header?: unknown;
  readonly claims?: unknown;
}

function describe({ class: kind, tokenHash, sentHash, deployToken, header, claims }: Report): string {
  const lines = [`class     ${kind}`, `sha256    ${tokenHash}`];
  if (sentHash !== undefined) lines.push(`as sent   ${sentHash}`);
  if (deployToken !== undefined) lines.push(`name      ${deployToken}`);
  if (header !== undefined) lines.push(`header    ${JSON.stringify(header)}`);
  if (typeof claims === 'object' && claims !== null) {
    if ('exp' in claims && typeof claims.exp === 'number') lines.push(`expires   ${formatTime(claims.exp)}`);
    lines.push(`claims    ${JSON.stringify(claims, null, 2).replaceAll('\n', '\n          ')}`);
  }
  return `${lines.join('\n')}\n`;
}

function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return `${date.toISOString()}${date.getTime() < Date.now() ? ' (expired)' : ''}`;
}

const NO_DEPLOY_TOKENS = { deployUsernames: new Set<string>(), gitlabDeployTokens: false };
