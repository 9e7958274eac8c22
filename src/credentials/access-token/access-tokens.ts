import { hash } from 'node:crypto';
import {
  MAX_CREDENTIAL_LENGTH,
  type Ticket,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import { deny, unable } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import { ACCESS_TOKEN_TYPE, serviceAudience } from '../../core/credentials/minted-token.ts';
import { TICKET_TYPE } from '../../core/credentials/ticket.ts';
import { MINTED_FOR_ANOTHER_SERVICE } from '../../core/refusal-messages.ts';
import type { Clock } from '../../core/ports.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import { tokenHashes } from '../../util/text/token-hash.ts';
import { MAX_FLIGHTS, measure } from '../authentication.ts';
import type { Authentication, ServiceAuthenticator } from '../authentication.ts';
import { readMintedPayload, type MintedToken } from './minted-payload.ts';
import type { ServiceSettings } from '../settings.ts';
import { readTicket } from './ticket.ts';
import { checkTokenExpiry, type SourceCheck } from './source-check.ts';
import { createVerificationCache } from '../verification-cache.ts';

export interface AccessTokenPorts {
  readonly keyring: Pick<Keyring, 'verify' | 'unseal' | 'counts'>;
  readonly clock: Clock;
  readonly meter: VerificationMeter;
}

/** Verifies access tokens that the gateway minted. */
export interface AccessTokens {
  /** Checks the audience and the source. Without a service: accepts the audience of all services. */
  forService(service: ServiceSettings | undefined, checkSource: SourceCheck): ServiceAuthenticator;
  /** Checks neither the audience nor the source. */
  readonly anywhere: ServiceAuthenticator;
}

/** Creates the verifier with its cache. */
export function createAccessTokens(
  publicUrl: string,
  /** `iss` by issuer name, including the issuer name of configured deploy tokens. */
  issuerUrls: ReadonlyMap<string, string>,
  { keyring, clock, meter }: AccessTokenPorts,
): AccessTokens {
  const cache = createVerificationCache<MintedToken>();
  const flights = new SingleFlight<MintedToken | Refusal>(MAX_FLIGHTS);

  async function verifyUncached(
    token: string,
    { sentHash, isTicket, key }: Use,
  ): Promise<MintedToken | Refusal> {
    const verdict = await keyring.verify(token, isTicket ? TICKET_TYPE : ACCESS_TOKEN_TYPE);
    switch (verdict.kind) {
      case 'unavailable':
        return unable('store_unavailable', verdict.detail);
      case 'invalid':
        return deny('signature_invalid', verdict.detail);
      case 'payload': {
        const read = readMintedPayload(verdict.payload, tokenHashes(token, sentHash), issuerUrls);
        if ('kind' in read) return read;
        const ticket = isTicket ? await readTicket(verdict.payload, verdict.kid, keyring) : undefined;
        if (ticket !== undefined && 'kind' in ticket) return ticket;
        const minted = { ...read, verified: withTicket(read.verified, ticket), kid: verdict.kid };
        cache.set(key, minted);
        return minted;
      }
      default:
        return verdict satisfies never;
    }
  }

  function createVerifier(check: UseCheck): ServiceAuthenticator {
    function checkUse(token: MintedToken, host: string | undefined): Authentication {
      const { verified } = token;
      const now = clock.now();
      return checkTokenExpiry(verified.expiresAt, now) ?? check(token, host, now) ?? verified;
    }

    return ({ token, credentialSource }, host) => {
      if (token.length > MAX_CREDENTIAL_LENGTH)
        return deny('credential_malformed', 'the token is longer than 16 KiB');
      const sentHash = hash('sha256', token);
      const isTicket = credentialSource === 'ticket';
      const key = isTicket ? `${TICKET_TYPE} ${sentHash}` : sentHash;
      const cached = cache.get(key);
      // If the key was removed, the token is verified again, and refused.
      if (cached !== undefined && keyring.counts(cached.kid)) {
        meter.cacheHit('access_token');
        return checkUse(cached, host);
      }
      meter.cacheMiss('access_token');
      const measured = measure(meter, 'access_token');
      return flights
        .run(key, () => verifyUncached(token, { sentHash, isTicket, key }))
        .then((result) => measured(undefined, 'kind' in result ? result : checkUse(result, host)));
    };
  }

  return {
    forService: (service, checkSource) =>
      createVerifier(
        (token, host, now) =>
          checkService(service, publicUrl, token.verified, host) ?? checkSource(token, now),
      ),
    anywhere: createVerifier(() => undefined),
  };
}

/** A ticket is never accepted as an access token, or the reverse; `key` separates them in the cache. */
interface Use {
  readonly sentHash: string;
  readonly isTicket: boolean;
  readonly key: string;
}

function withTicket(verified: VerifiedCredential, ticket: Ticket | undefined): VerifiedCredential {
  return ticket === undefined || verified.minted === undefined
    ? verified
    : { ...verified, minted: { ...verified.minted, ticket } };
}

/** The checks at every use of a token. Returns undefined if it is accepted. */
type UseCheck = (token: MintedToken, host: string | undefined, now: number) => Deny | undefined;

/** Checks that the service accepts the source's issuer and the audiences of the token. */
function checkService(
  service: ServiceSettings | undefined,
  publicUrl: string,
  { issuer, minted }: VerifiedCredential,
  host: string | undefined,
): Deny | undefined {
  if (minted === undefined) return deny('credential_malformed', 'not a minted token');
  if (service?.issuers?.includes(issuer) === false && !issuer.startsWith(':')) {
    return deny('issuer_unknown', `this service does not accept issuer ${issuer} of the source`);
  }
  const { audience, parentAudience, source } = minted;
  const bound = service?.audiences !== undefined && source.class === 'id_token';
  return (
    checkAudience(service, publicUrl, audience, host, bound) ??
    (parentAudience === undefined
      ? undefined
      : checkAudience(service, publicUrl, parentAudience, host, bound))
  );
}

/** `bound`: the source is an ID token, and the service has its own audiences for ID tokens. */
function checkAudience(
  service: ServiceSettings | undefined,
  publicUrl: string,
  audience: string,
  host: string | undefined,
  bound: boolean,
): Deny | undefined {
  const named =
    (service?.type === 'oci' && audience === host) ||
    (service !== undefined && audience === serviceAudience(service.name));
  if (named) return undefined;
  if (audience !== publicUrl) {
    return forAnotherService('the access token was minted for another service or host');
  }
  // A token exchange must not extend an ID token to a service that refuses its audience.
  return bound
    ? forAnotherService(
        'the access token was minted for all services, but this service has its own audiences; request a token for it',
      )
    : undefined;
}

function forAnotherService(detail: string): Deny {
  return { ...deny('audience_mismatch', detail), message: MINTED_FOR_ANOTHER_SERVICE };
}
