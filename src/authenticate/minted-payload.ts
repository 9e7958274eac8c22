import {
  CREDENTIAL_CLASSES,
  type Claims,
  type TokenLimits,
  type VerifiedCredential,
} from '../contract/credential.ts';
import { deny } from '../contract/decision.ts';
import type { Deny } from '../contract/decision.ts';
import { ANYBODY, type TokenSource } from '../contract/minted-token.ts';
import { ACTION_SCOPES, ALL_REPOSITORIES, type RegistryAction } from '../contract/registry-access.ts';
import { isRecord } from '../lib/json-object.ts';
import type { CacheEntry } from './verification-cache.ts';

/** A token of our own whose signature has been verified. */
export interface MintedToken extends CacheEntry {
  readonly verified: VerifiedCredential;
  readonly audience: string;
  /** The key that signed it. */
  readonly kid: string;
}

/** What we sign is ours, but earlier versions and later ones sign with the same keys: what does not fit is refused. */
export function readMintedPayload(
  payload: Claims,
  tokenHash: string,
  issuerUrls: ReadonlyMap<string, string>,
): Omit<MintedToken, 'kid'> | Deny {
  const { aud, sub, exp, jti, src, email } = payload;
  if (
    typeof aud !== 'string' ||
    typeof sub !== 'string' ||
    typeof jti !== 'string' ||
    typeof exp !== 'number'
  ) {
    return deny('credential_malformed', 'a minted token without aud, sub, jti or exp');
  }
  const limits = readLimits(payload);
  if (limits === undefined) return deny('credential_malformed', 'a minted token that does not say for what');
  const common = { class: 'access_token', jti, tokenHash, expiresAt: exp * 1000 } as const;
  const size = JSON.stringify(payload).length;
  if (src === undefined) {
    // Minted without a credential, for what anybody may do.
    const source = { class: 'access_token', jti: undefined, tokenHash } as const;
    const minted = { identity: undefined, workload: undefined, source, limits };
    const verified = { ...common, issuer: ANYBODY, issuerUrl: '', subject: sub, claims: {}, minted };
    return { verified, audience: aud, size };
  }
  if (!isRecord(src) || !isSource(src)) {
    return deny('credential_malformed', 'a minted token whose source cannot be read');
  }
  const issuerUrl = issuerUrls.get(src.issuer);
  if (issuerUrl === undefined) {
    return deny('issuer_unknown', `minted from issuer ${src.issuer}, which the configuration no longer has`);
  }
  const source = { class: src.credential, jti: src.jti, tokenHash: src.tokenHash };
  const workload = typeof email === 'string' ? email : undefined;
  const minted = { identity: sub, workload, source, limits };
  const { issuer, sub: subject, claims } = src;
  return { verified: { ...common, issuer, issuerUrl, subject, claims, minted }, audience: aud, size };
}

function isSource(src: object): src is TokenSource {
  const { issuer, sub, jti, tokenHash, credential, claims } = src as Record<string, unknown>;
  return (
    typeof issuer === 'string' &&
    typeof sub === 'string' &&
    (jti === undefined || typeof jti === 'string') &&
    typeof tokenHash === 'string' &&
    CREDENTIAL_CLASSES.some((known) => known === credential) &&
    isRecord(claims)
  );
}

/** A registry's token says it in `access`, any other in `scope` and, where it is for some resources only, `resources`. */
function readLimits({ access, scope, resources }: Claims): TokenLimits | undefined {
  if (access !== undefined) return readAccess(access);
  if (typeof scope !== 'string') return undefined;
  const scopes = new Set(scope.split(' ').filter((each) => each !== ''));
  if (resources === undefined) return { kind: 'scopes', scopes };
  if (!Array.isArray(resources) || !resources.every((each) => typeof each === 'string')) return undefined;
  return { kind: 'resources', resources: new Map(resources.map((resource) => [resource, scopes])) };
}

function readAccess(access: unknown): TokenLimits {
  const resources = new Map<string, Set<string>>();
  for (const entry of Array.isArray(access) ? (access as unknown[]) : []) {
    const { type, name, actions } = (isRecord(entry) ? entry : {}) as Record<string, unknown>;
    if (typeof name !== 'string' || !Array.isArray(actions)) continue;
    const catalog = type === 'registry' && name === 'catalog';
    if (!catalog && type !== 'repository') continue;
    const resource = catalog ? ALL_REPOSITORIES : name;
    const scopes = resources.get(resource) ?? new Set();
    resources.set(resource, scopes);
    for (const action of actions) {
      if (catalog && action === '*') scopes.add(ACTION_SCOPES.pull);
      else if (!catalog && isAction(action)) scopes.add(ACTION_SCOPES[action]);
    }
  }
  return { kind: 'resources', resources };
}

function isAction(action: unknown): action is RegistryAction {
  return typeof action === 'string' && Object.hasOwn(ACTION_SCOPES, action);
}
