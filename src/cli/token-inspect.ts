import { readFileSync } from 'node:fs';
import { classOfToken } from '../app/build.ts';
import { parseDeployTokenName } from '../core/credentials/deploy-token.ts';
import { GatehouseError } from '../core/errors.ts';
import { tokenHashes, type TokenHashes } from '../util/token-hash.ts';
import { required, type Command } from './command.ts';
import { EXIT } from './terminal.ts';

export const tokenInspect: Command = {
  summary: 'say what a token is, without its secret',
  help: `
Reads a token from a file and shows its class, its SHA-256 as the audit trail and revocations know it, and for a JWT
its header and claims. The SHA-256 of a JWT is that of header.payload, which all its valid signatures share; "as sent" is
that of the whole token. Nothing is verified, and the signature is not shown.

  gatehouse token inspect --token-file token.jwt
  gatehouse token inspect --token-file /dev/stdin --json < token.jwt`,
  options: {
    'token-file': { type: 'string', value: 'FILE', help: 'The token, and nothing else.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  async run(values, terminal) {
    const token = read(required(values, 'token-file')).trim();
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
    if ('exp' in claims && typeof claims.exp === 'number') lines.push(`expires   ${when(claims.exp)}`);
    lines.push(`claims    ${JSON.stringify(claims, null, 2).replaceAll('\n', '\n          ')}`);
  }
  return `${lines.join('\n')}\n`;
}

function when(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return `${date.toISOString()}${date.getTime() < Date.now() ? ' (has passed)' : ''}`;
}

const NO_DEPLOY_TOKENS = { deployUsernames: new Set<string>(), gitlabDeployTokens: false };

/** Of a JWT in compact form, whatever prefix it has; empty for anything else. */
function jwtParts(token: string): { header?: unknown; claims?: unknown } {
  const [, header, payload] = /(eyJ[A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/.exec(token) ?? [];
  if (header === undefined || payload === undefined) return {};
  try {
    return { header: decode(header), claims: decode(payload) };
  } catch {
    return {};
  }
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatehouseError('usage', `--token-file ${file} cannot be read`, { cause });
  }
}
