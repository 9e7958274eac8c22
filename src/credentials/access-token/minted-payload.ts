import { SOURCE_CLASSES, type Claims, type VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import { ANONYMOUS_ISSUER, type TokenSource } from '../../core/credentials/minted-token.ts';
import { isRecord } from '../../util/json/object.ts';
import type { TokenHashes } from '../../util/text/token-hash.ts';
import type { CacheEntry } from '../verification-cache.ts';
import { readLimits, readLoginLimits } from './token-limits.ts';

/** An access token of the gateway whose signature has been verified. */
export interface MintedToken extends CacheEntry {
  readonly verified: VerifiedCredential;
  /** Issue time of the token, or of its oldest parent. Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Id of the signing key. */
  readonly kid: string;
}

/**
 * Reads the payload of a verified token. Other versions of the gateway sign with the same keys, so a payload
 * of another form is refused.
 */
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
    return deny('credential_malformed', 'the access token has no aud, sub, jti, iat or exp');
  }
  const limits = readLimits(payload);
  if (limits === undefined)
    return deny('credential_malformed', 'the access token has no valid scope or access claim');
  const common = { class: 'access_token', jti, ...hashes, expiresAt: exp * 1000 } as const;
  const entry = { issuedAt: iat * 1000, size: JSON.stringify(payload).length };
  const workload = typeof email === 'string' ? email : undefined;
  const loginLimits = readLoginLimits(payload, limits);
  const scoped = { audience: aud, workload, limits, loginLimits, parents: [], since: entry.issuedAt };
  if (src === undefined) {
    // An anonymous token, minted without a credential.
    const source = { class: 'access_token', jti: undefined, ...hashes } as const;
    const minted = { ...scoped, identity: undefined, source, parentAudience: undefined, publishing: false };
    const verified = { ...common, issuer: ANONYMOUS_ISSUER, issuerUrl: '', subject: sub, claims: {}, minted };
    return { ...entry, verified };
  }
  if (!isRecord(src) || !isSource(src)) {
    return deny('credential_malformed', 'the src claim of the access token is invalid');
  }
  const issuerUrl = issuerUrls.get(src.issuer);
  if (issuerUrl === undefined) {
    return deny('issuer_unknown', `issuer ${src.issuer} of the source is no longer configured`);
  }
  const { issuer, sub: subject, claims, settingsHash, parentAud, publishing = false } = src;
  const { jti: sourceJti, tokenHash, sentHash } = src;
  const source = { class: src.credential, jti: sourceJti, tokenHash, sentHash };
  const { parents = [], since = iat } = src;
  const derivation = { parentAudience: parentAud, parents, since: since * 1000 };
  const minted = { ...scoped, identity: sub, source, ...derivation, publishing };
  const ofSource = { issuer, issuerUrl, subject, claims, audiences: src.aud, settingsHash };
  return { size: entry.size, issuedAt: derivation.since, verified: { ...common, ...ofSource, minted } };
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
    hasValidParents(members) &&
    (publishing === undefined || publishing === true) &&
    isRecord(claims) &&
    hasAcceptance(members)
  );
}

/**
 * Earlier versions omitted these members. Without them, a changed configuration could not invalidate the
 * token.
 */
function hasAcceptance(src: Claims): boolean {
  const { issuer, credential, aud, settingsHash } = src;
  if (credential === 'id_token' && !isTextList(aud)) return false;
  return issuer === DEPLOY_TOKENS ? settingsHash === undefined : typeof settingsHash === 'string';
}

/**
 * All parent members are present, or none: otherwise the revocation of a parent could not revoke the token.
 */
function hasValidParents({ parentAud, parents, since }: Claims): boolean {
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
