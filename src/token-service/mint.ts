import { randomUUID } from 'node:crypto';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Deny } from '../core/decision.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import {
  ACCESS_TOKEN_TYPE,
  ANONYMOUS_SUBJECT,
  DEFAULT_TOKEN_LIFETIME,
  MAX_PARENTS,
} from '../core/credentials/minted-token.ts';
import type { Clock } from '../core/ports.ts';
import { maxLifetime, sourceClaim } from './source-claim.ts';

export interface MintSettings {
  readonly publicUrl: string;
  /** Milliseconds, by identity, for identities with `tokenLifetime`. */
  readonly lifetimes: ReadonlyMap<string, number>;
  /** Claims used by policy, templates, audit and revocations. */
  readonly claims: ReadonlySet<string>;
}

export interface MintRequest {
  /** Undefined for an anonymous token. */
  readonly source: VerifiedCredential | undefined;
  readonly identity: string;
  readonly audience: string;
  /** The workload identity named in the request. */
  readonly workload?: string | undefined;
  /** The source was accepted for the audience of trusted publishing. */
  readonly publishing?: boolean;
  /** Additional claims: `scope`, `access`. */
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

/** Clients refresh a token 60 s before it expires (distribution token specification), so shorter ones cause a loop. */
const MIN_LIFETIME = 60_000;

/** Signs RFC 9068 access tokens. Rejects with `store_unavailable` when no signing key is available. */
export function createMint(
  settings: MintSettings,
  { keyring, clock }: { readonly keyring: Pick<Keyring, 'sign'>; readonly clock: Clock },
): Mint {
  return async function mint({ source, identity, audience, workload, publishing = false, extra }) {
    const now = clock.now();
    const configured = settings.lifetimes.get(identity) ?? DEFAULT_TOKEN_LIFETIME;
    const lifetime = source === undefined ? configured : Math.min(configured, maxLifetime(source, now));
    if (lifetime < MIN_LIFETIME) {
      return deny(
        'token_expired',
        `the credential expires in ${Math.max(0, Math.floor(lifetime / 1000))} s; issuing a token requires 60 s`,
      );
    }
    if ((source?.minted?.parents.length ?? 0) >= MAX_PARENTS) {
      return deny(
        'credential_invalid',
        `the token chain has reached ${MAX_PARENTS} tokens; log in with the original credential`,
      );
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
      ...(source === undefined
        ? {}
        : {
            src: sourceClaim(source, settings.claims, {
              publishing,
              registry: extra['access'] !== undefined,
            }),
          }),
    });
    return { kind: 'minted', token, jti, expiresIn };
  };
}
