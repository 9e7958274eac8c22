import { DEPLOY_TOKENS, deployTokenIdentity } from '../core/credentials/deploy-token.ts';
import { ANONYMOUS_ISSUER } from '../core/credentials/minted-token.ts';
import { CONFIGURED_NAME, DEPLOY_TOKEN_NAME } from '../core/names.ts';
import type { RevocationTarget } from '../core/credentials/revocation.ts';

/**
 * The reason why no credential can match this value, with the correct form; undefined for a valid value. An entry
 * without effect would look like a revocation.
 */
export function problemOfValue(target: RevocationTarget, value: string): string | undefined {
  if (value.trim() !== value) return `"${target}" has white space at its start or end; send it without.`;
  switch (target) {
    case 'jti':
      return undefined;
    case 'tokenHash':
      return /^[0-9a-f]{64}$/.test(value)
        ? undefined
        : '"tokenHash" is a SHA-256 as `gatehouse token inspect` shows it: 64 lowercase hex digits.';
    case 'issuer':
      return CONFIGURED_NAME.test(value) || BUILT_IN_ISSUERS.has(value)
        ? undefined
        : '"issuer" is the name of an issuer in the configuration, not its URL.';
    case 'identity':
      return CONFIGURED_NAME.test(value) || isDeployTokenIdentity(value)
        ? undefined
        : '"identity" is the name of an identity in the configuration, or "deploy-token:NAME".';
    case 'deployToken':
      return DEPLOY_TOKEN_NAME.test(value)
        ? undefined
        : '"deployToken" is the name of a deploy token in the configuration, not its secret.';
    case 'project':
      return problemOfProject(value);
    default:
      return target satisfies never;
  }
}

/** Audit names of the issuers of tokens minted from the gateway's deploy tokens, or without a credential. */
export const BUILT_IN_ISSUERS: ReadonlySet<string> = new Set([DEPLOY_TOKENS, ANONYMOUS_ISSUER]);

const DEPLOY_TOKEN_IDENTITY = deployTokenIdentity('');

function isDeployTokenIdentity(value: string): boolean {
  return (
    value.startsWith(DEPLOY_TOKEN_IDENTITY) &&
    DEPLOY_TOKEN_NAME.test(value.slice(DEPLOY_TOKEN_IDENTITY.length))
  );
}

/** GitLab: `GROUP/…/PROJECT`. GitHub: `OWNER/REPOSITORY`. Neither can end in `.git`. Ids are positive integers. */
function problemOfProject(value: string): string | undefined {
  if (/^\d+$/.test(value)) return `A project by number is written "id:${value}".`;
  if (/^id:/i.test(value)) {
    return /^id:[1-9]\d*$/.test(value) ? undefined : 'A project by number is written id:NN, as in "id:20".';
  }
  const path = value.replace(/^\/+/, '').replace(/(\/|\.git)+$/, '');
  const segments = path.split('/');
  if (!segments.every((segment) => /^(?!\.+$)[A-Za-z0-9._-]+$/.test(segment))) {
    return '"project" is the full path of a project, such as "acme/payments", without patterns; or id:NN.';
  }
  if (segments.length === 1) {
    return `"${path}" is a group or an owner, of which no token is. Revoke each project by its path, or the identity.`;
  }
  return path === value ? undefined : `The path of a project is written "${path}".`;
}
