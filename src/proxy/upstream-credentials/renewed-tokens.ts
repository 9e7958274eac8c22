import type { Clock } from '../../core/ports.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import { BoundedMap } from '../../util/limits/bounded-map.ts';
import {
  attachedHeader,
  type AttachedCredential,
  type CredentialFault,
  type ObtainedCredential,
  type Rejection,
} from './request-credential.ts';

export interface GrantedToken {
  readonly kind: 'token';
  readonly token: string;
  /** Lifetime in seconds, as reported by the token endpoint. */
  readonly seconds: number;
  /** Milliseconds since the epoch: the token is not used from then on, however long it is valid. Default: no limit. */
  readonly notAfter?: number | undefined;
  /** Scopes or permissions that the response names. */
  readonly grants?: readonly string[] | undefined;
}

/** Cached tokens in the Authorization header, one per key. `Context` is passed on to the function that requests a token. */
export interface RenewedTokens<Context> {
  attach(key: string, context: Context): AttachedCredential | Promise<AttachedCredential | CredentialFault>;
  /** The upstream rejected this token. */
  rejected(key: string, attached: AttachedCredential | undefined): Rejection;
}

interface Cached {
  readonly attached: AttachedCredential;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  renewAt: number;
  /** When the upstream last rejected this token or its predecessor. */
  refusedAt: number | undefined;
}

/** Default of distribution (docs/spec/auth/token.md); RFC 6749 §5.1 defines none. */
export const DEFAULT_SECONDS = 60;
/** Milliseconds before its expiry at which a token is no longer used. */
const MARGIN = 5_000;
/** The key of a token that all requests share. */
export const SINGLE_KEY = '';
const MAX_TOKENS = 1_000;
/** Seconds; the reported lifetime is capped at one day. */
const MAX_LIFETIME = 86_400;
/** Milliseconds between two attempts to renew a token that is still valid. */
const RENEWAL_PAUSE = 1_000;
/** Milliseconds. Two rejections within this time are not due to expiry, so a third token is not requested. */
const REJECTION_WINDOW = 5_000;

/**
 * Requests each token once for all waiting requests, and renews it in the background before it expires. `attach`: puts it
 * in its place in the upstream request.
 */
export function createRenewedTokens<Context = void>(
  fetch: (key: string, context: Context) => Promise<GrantedToken | CredentialFault>,
  clock: Clock,
  attach: (token: string) => AttachedCredential = bearerToken,
): RenewedTokens<Context> {
  const cache = new BoundedMap<string, Cached>(MAX_TOKENS);
  const flights = new SingleFlight<AttachedCredential | CredentialFault>(MAX_TOKENS);

  async function renew(key: string, context: Context): Promise<AttachedCredential | CredentialFault> {
    const granted = await fetch(key, context);
    if (granted.kind === 'credential-fault') return granted;
    const attached = attach(granted.token);
    const lifetime = Math.min(Math.max(granted.seconds, 0), MAX_LIFETIME) * 1000;
    const now = clock.now();
    const refusedAt = cache.get(key)?.refusedAt;
    cache.set(key, {
      attached,
      renewAt: now + lifetime * 0.8,
      expiresAt: Math.min(now + lifetime - MARGIN, granted.notAfter ?? Infinity),
      refusedAt,
    });
    return attached;
  }

  function renewOnce(key: string, context: Context): Promise<AttachedCredential | CredentialFault> {
    return flights.run(key, () => renew(key, context));
  }

  return {
    attach(key, context) {
      const known = cache.get(key);
      const now = clock.now();
      if (known === undefined || now >= known.expiresAt) return renewOnce(key, context);
      if (now >= known.renewAt) {
        known.renewAt = now + RENEWAL_PAUSE;
        // A failed background renewal is reported by the first request after the cached token expires.
        renewOnce(key, context).catch(() => undefined);
      }
      return known.attached;
    },
    rejected(key, attached) {
      const known = cache.get(key);
      if (known === undefined || known.attached !== attached) return 'another';
      const now = clock.now();
      if (known.refusedAt !== undefined && Math.abs(now - known.refusedAt) < REJECTION_WINDOW)
        return 'upstream_unauthorized';
      known.refusedAt = now;
      known.expiresAt = 0;
      return 'another';
    },
  };
}

/** The description of a token for `check --online`: everything except the token. */
export function obtainedToken(
  granted: GrantedToken | CredentialFault,
  what = 'a token',
): ObtainedCredential | CredentialFault {
  if (granted.kind === 'credential-fault') return granted;
  const { seconds, grants } = granted;
  return { kind: 'obtained', what, seconds, grants };
}

function bearerToken(token: string): AttachedCredential {
  return attachedHeader('Authorization', `Bearer ${token}`);
}
