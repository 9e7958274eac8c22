import {
  SOURCE_CLASSES,
  type Claims,
  type TokenLimits,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import { ANONYMOUS_ISSUER, type TokenSource } from '../../core/credentials/minted-token.ts';
import {
  ACTION_SCOPES,
  ALL_REPOSITORIES,
  type RegistryAction,
} from '../../core/credentials/registry-access.ts';
import { isRecord } from '../../util/json/object.ts';
import type { TokenHashes } from '../../util/token-hash.ts';
import type { CacheEntry } from '../verification-cache.ts';

/** A token of our own whose signature has been verified. */
export interface MintedToken extends CacheEntry {
  readonly verified: VerifiedCredential;
  /** Milliseconds since the epoch; of a token that was issued for another one, when the first of them was. */
  readonly issuedAt: number;
  /** The key that signed it. */
  readonly kid: string;
}

/** What we sign is ours, but earlier versions and later ones sign with the same keys: what does not fit is refused. */
export function readMintedPayload(
  payload: Claims,
  hashes: TokenHashes,
  issuerUrls: ReadonlyMap<string, string>,
): Omit<MintedToken, 'kid'> | Deny {
  const { aud, sub, iat, exp, jti, src, email } = payload;
  if (
    typeof aud !== 'string' ||
    typeof sub !== 'string' ||
    typeof jti !== 'string' ||
    typeof iat !== 'number' ||
    typeof exp !== 'number'
  ) {
    return deny('credential_malformed', 'a minted token without aud, sub, jti, iat or exp');
  }
  const limits = readLimits(payload);
  if (limits === undefined) return deny('credential_malformed', 'a minted token that does not say for what');
  const common = { class: 'access_token', jti, ...hashes, expiresAt: exp * 1000 } as const;
  const entry = { issuedAt: iat * 1000, size: JSON.stringify(payload).length };
  const workload = typeof email === 'string' ? email : undefined;
  const scoped = { audience: aud, workload, limits, parents: [], since: entry.issuedAt };
  if (src === undefined) {
    // Minted without a credential, for what anybody may do.
    const source = { class: 'access_token', jti: undefined, ...hashes } as const;
    const minted = { ...scoped, identity: undefined, source, parentAudience: undefined, publishing: false };
    const verified = { ...common, issuer: ANONYMOUS_ISSUER, issuerUrl: '', subject: sub, claims: {}, minted };
    return { ...entry, verified };
  }
  if (!isRecord(src) || !isSource(src)) {
    return deny('credential_malformed', 'a minted token whose source cannot be read');
  }
  const issuerUrl = issuerUrls.get(src.issuer);
  if (issuerUrl === undefined) {
    return deny('issuer_unknown', `minted from issuer ${src.issuer}, which the configuration no longer has`);
  }
  const { issuer, sub: subject, claims, settingsHash, parentAud, publishing = false } = src;
  const { jti: sourceJti, tokenHash, sentHash } = src;
  const source = { class: src.credential, jti: sourceJti, tokenHash, sentHash };
  const { parents = [], since = iat } = src;
  const line = { parentAudience: parentAud, parents, since: since * 1000 };
  const minted = { ...scoped, identity: sub, source, ...line, publishing };
  const ofSource = { issuer, issuerUrl, subject, claims, audiences: src.aud, settingsHash };
  return { size: entry.size, issuedAt: line.since, verified: { ...common, ...ofSource, minted } };
}

function isSource(src: object): src is TokenSource {
  const members = src as Claims;
  const { issuer, sub, jti, tokenHash, sentHash, credential, claims, parentAud, publishing } = members;
  return (
    typeof issuer === 'string' &&
    typeof sub === 'string' &&
    isTextOrAbsent(jti) &&
    typeof tokenHash === 'string' &&
    isTextOrAbsent(sentHash) &&
    SOURCE_CLASSES.some((known) => known === credential) &&
    isTextOrAbsent(parentAud) &&
    namesParents(members) &&
    (publishing === undefined || publishing === true) &&
    isRecord(claims) &&
    saysHowAccepted(members)
  );
}

/** Without these claims, which earlier versions did not write, a changed configuration could not reach the token. */
function saysHowAccepted(src: Claims): boolean {
  const { issuer, credential, aud, settingsHash } = src;
  if (credential === 'id_token' && !isTextList(aud)) return false;
  return issuer === DEPLOY_TOKENS ? settingsHash === undefined : typeof settingsHash === 'string';
}

/** All of it, or none: a revocation of a parent could not reach the token otherwise. */
function namesParents({ parentAud, parents, since }: Claims): boolean {
  if (parentAud === undefined) return parents === undefined && since === undefined;
  return (
    typeof since === 'number' &&
    Array.isArray(parents) &&
    parents.length > 0 &&
    parents.every(
      (parent) =>
        isRecord(parent) &&
        typeof parent['jti'] === 'string' &&
        typeof parent['tokenHash'] === 'string' &&
        isTextOrAbsent(parent['sentHash']),
    )
  );
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
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
