import { randomUUID } from 'node:crypto';
import type { MintedTokenId, VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Deny } from '../core/decision.ts';
import { DEPLOY_TOKENS } from '../core/credentials/deploy-token.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import {
  ACCESS_TOKEN_TYPE,
  ANONYMOUS_SUBJECT,
  DEFAULT_TOKEN_LIFETIME,
  MAX_PARENTS,
  type TokenSource,
} from '../core/credentials/minted-token.ts';
import type { Clock } from '../core/ports.ts';
import { pickClaims } from './pick-claims.ts';

export interface MintSettings {
  readonly publicUrl: string;
  /** Milliseconds, of identities that have one. */
  readonly lifetimes: ReadonlyMap<string, number>;
  /** Claims that policy, templates, audit and revocations use. */
  readonly claims: ReadonlySet<string>;
}

export interface MintRequest {
  /** Undefined: for anybody. */
  readonly source: VerifiedCredential | undefined;
  readonly identity: string;
  readonly audience: string;
  /** The workload identity that was named in the request. */
  readonly workload?: string | undefined;
  /** The source was accepted by the audience of trusted publishing. */
  readonly publishing?: boolean;
  /** Further claims: `scope`, `access`. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface SignedToken {
  readonly kind: 'minted';
  readonly token: string;
  readonly jti: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export type Mint = (request: MintRequest) => Promise<SignedToken | Deny>;

/** Tokens from job tokens and GitLab's deploy tokens: their end is seen by asking GitLab, which nobody does for these. */
const SHORT_LIFETIME = 5 * 60_000;

/** Clients ask again before 60 s are left (distribution's token specification): a shorter one would be asked for without end. */
const MIN_LIFETIME = 60_000;

/** Signs access tokens as RFC 9068 has them. Rejects with `store_unavailable` where no key can be had. */
export function createMint(
  settings: MintSettings,
  { keyring, clock }: { readonly keyring: Pick<Keyring, 'sign'>; readonly clock: Clock },
): Mint {
  return async function mint({ source, identity, audience, workload, publishing = false, extra }) {
    const now = clock.now();
    const wanted = settings.lifetimes.get(identity) ?? DEFAULT_TOKEN_LIFETIME;
    const lifetime = source === undefined ? wanted : Math.min(wanted, longest(source, now));
    if (lifetime < MIN_LIFETIME) {
      return deny(
        'token_expired',
        `${Math.max(0, Math.floor(lifetime / 1000))} s are left, too few for a new token`,
      );
    }
    if ((source?.minted?.parents.length ?? 0) >= MAX_PARENTS) {
      return deny('credential_invalid', `issued from ${MAX_PARENTS} tokens in turn: log in anew`);
    }
    const jti = randomUUID();
    const issuedAt = Math.floor(now / 1000);
    const expiresIn = Math.floor(lifetime / 1000);
    const email = workload ?? source?.minted?.workload;
    const token = await keyring.sign(ACCESS_TOKEN_TYPE, {
      iss: settings.publicUrl,
      aud: audience,
      sub: source === undefined ? ANONYMOUS_SUBJECT : identity,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + expiresIn,
      jti,
      ...(email === undefined ? {} : { email }),
      ...extra,
      ...(source === undefined ? {} : { src: sourceOf(source, settings.claims, publishing) }),
    });
    return { kind: 'minted', token, jti, expiresIn };
  };
}

/** Milliseconds that what is minted may outlive this moment; an id token's own end does not count, it was for one job. */
function longest(source: VerifiedCredential, now: number): number {
  const left = source.expiresAt - now;
  switch (source.class) {
    case 'id_token':
      return Infinity;
    case 'job_token':
      return SHORT_LIFETIME;
    case 'deploy_token':
      return source.issuer === DEPLOY_TOKENS ? left : SHORT_LIFETIME;
    case 'access_token':
      return left;
    default:
      return source.class satisfies never;
  }
}

/** Of a minted credential, its own source: what it carries of that one is passed on. */
function sourceOf(
  credential: VerifiedCredential,
  names: ReadonlySet<string>,
  publishing: boolean,
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
    publishing: publishing || minted?.publishing === true ? true : undefined,
    claims: pickClaims(claims, names),
  };
}

function idOf({ jti = '', tokenHash, sentHash }: VerifiedCredential): MintedTokenId {
  return { jti, tokenHash, sentHash };
}
