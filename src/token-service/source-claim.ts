import type { MintedTokenId, VerifiedCredential } from '../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../core/credentials/deploy-token.ts';
import type { TokenSource } from '../core/credentials/minted-token.ts';
import { encodeLimits } from './encode-limits.ts';
import { pickClaims } from './pick-claims.ts';

/** Only a request to GitLab shows that a job token or deploy token has ended; minted tokens make none. */
const UNCHECKED_LIFETIME = 5 * 60_000;

/** Milliseconds. The expiry of an ID token does not limit the minted token: its lifetime covers one CI job only. */
export function maxLifetime(source: VerifiedCredential, now: number): number {
  const remaining = source.expiresAt - now;
  switch (source.class) {
    case 'id_token':
      return source.sessionEndsAt === undefined ? Infinity : source.sessionEndsAt - now;
    case 'job_token':
      return UNCHECKED_LIFETIME;
    case 'deploy_token':
      return source.issuer === DEPLOY_TOKENS ? remaining : UNCHECKED_LIFETIME;
    case 'access_token':
      return remaining;
    default:
      return source.class satisfies never;
  }
}

/** The `src` claim. For a minted credential it carries over the original source. */
export function sourceClaim(
  credential: VerifiedCredential,
  names: ReadonlySet<string>,
  {
    publishing,
    registry,
  }: {
    readonly publishing: boolean;
    /** The token is for a registry, where its client can log in again. */
    readonly registry: boolean;
  },
): TokenSource {
  const { issuer, subject, claims, audiences, settingsHash, minted } = credential;
  const { class: kind, jti, tokenHash, sentHash } = minted?.source ?? credential;
  return {
    issuer,
    sub: subject,
    jti,
    tokenHash,
    sentHash,
    credential: kind,
    aud: audiences,
    settingsHash,
    parentAud: minted?.parentAudience ?? minted?.audience,
    parents: minted && [...minted.parents, idOf(credential)],
    since: minted && Math.floor(minted.since / 1000),
    parentLimits: registry ? minted && encodeLimits(minted.limits) : undefined,
    publishing: publishing || minted?.publishing === true ? true : undefined,
    claims: pickClaims(claims, names),
  };
}

function idOf({ jti = '', tokenHash, sentHash }: VerifiedCredential): MintedTokenId {
  return { jti, tokenHash, sentHash };
}
