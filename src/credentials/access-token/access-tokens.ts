import { hash } from 'node:crypto';
import { MAX_CREDENTIAL_LENGTH, type VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, unable } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { VerificationMeter } from '../../core/meter.ts';
import { ACCESS_TOKEN_TYPE, serviceAudience } from '../../core/credentials/minted-token.ts';
import type { Clock } from '../../core/ports.ts';
import { SingleFlight } from '../../util/single-flight.ts';
import { tokenHashes } from '../../util/token-hash.ts';
import { MAX_FLIGHTS, measure } from '../authentication.ts';
import type { Authentication, ServiceAuthenticator } from '../authentication.ts';
import { checkExpiry } from '../id-token/check-claims.ts';
import { readMintedPayload, type MintedToken } from './minted-payload.ts';
import type { ServiceSettings } from '../settings.ts';
import type { SourceCheck } from './source-check.ts';
import { createVerificationCache } from '../verification-cache.ts';

export interface AccessTokenPorts {
  readonly keyring: Pick<Keyring, 'verify' | 'counts'>;
  readonly clock: Clock;
  readonly meter: VerificationMeter;
}

export interface AccessTokens {
  /** By what each was minted for, and by what it was minted from; without a service, for all of them. */
  forService(service: ServiceSettings | undefined, checkSource: SourceCheck): ServiceAuthenticator;
  /** Whatever it was minted for. */
  readonly anywhere: ServiceAuthenticator;
}

/** Tokens that the gateway minted itself, with the cache of those that were found good. */
export function createAccessTokens(
  publicUrl: string,
  /** `iss` of each issuer of the configuration, and of what stands for one. */
  issuerUrls: ReadonlyMap<string, string>,
  { keyring, clock, meter }: AccessTokenPorts,
): AccessTokens {
  const cache = createVerificationCache<MintedToken>();
  const flights = new SingleFlight<MintedToken | Refusal>(MAX_FLIGHTS);

  async function verifyAnew(token: string, sentHash: string): Promise<MintedToken | Refusal> {
    const verdict = await keyring.verify(token, ACCESS_TOKEN_TYPE);
    switch (verdict.kind) {
      case 'unavailable':
        return unable('store_unavailable', verdict.detail);
      case 'invalid':
        return deny('signature_invalid', verdict.detail);
      case 'payload': {
        const read = readMintedPayload(verdict.payload, tokenHashes(token, sentHash), issuerUrls);
        if ('kind' in read) return read;
        const known = { ...read, kid: verdict.kid };
        cache.set(sentHash, known);
        return known;
      }
      default:
        return verdict satisfies never;
    }
  }

  function verifier(accepts: Accepts): ServiceAuthenticator {
    function admit(token: MintedToken, host: string | undefined): Authentication {
      const { verified } = token;
      const now = clock.now();
      return checkExpiry(verified.expiresAt, now) ?? accepts(token, host, now) ?? verified;
    }

    return ({ token }, host) => {
      if (token.length > MAX_CREDENTIAL_LENGTH)
        return deny('credential_malformed', 'the token is over 16 KiB');
      const sentHash = hash('sha256', token);
      const known = cache.get(sentHash);
      // With a key that is gone, it takes the long way, and is refused there.
      if (known !== undefined && keyring.counts(known.kid)) {
        meter.cacheHit('access_token');
        return admit(known, host);
      }
      meter.cacheMiss('access_token');
      const measured = measure(meter, 'access_token');
      return flights
        .run(sentHash, () => verifyAnew(token, sentHash))
        .then((result) => measured(undefined, 'kind' in result ? result : admit(result, host)));
    };
  }

  return {
    forService: (service, checkSource) =>
      verifier(
        (token, host, now) => refuseAt(service, publicUrl, token.verified, host) ?? checkSource(token, now),
      ),
    anywhere: verifier(() => undefined),
  };
}

/** Undefined where the token is one for this place. */
type Accepts = (token: MintedToken, host: string | undefined, now: number) => Deny | undefined;

/** What a token was minted for, and from whom the service takes credentials at all. */
function refuseAt(
  service: ServiceSettings | undefined,
  publicUrl: string,
  { issuer, minted }: VerifiedCredential,
  host: string | undefined,
): Deny | undefined {
  if (minted === undefined) return deny('credential_malformed', 'not a minted token');
  if (service?.issuers?.includes(issuer) === false && !issuer.startsWith(':')) {
    return deny('issuer_unknown', `minted from issuer ${issuer}, which is not one of this service`);
  }
  const { audience, parentAudience, source } = minted;
  const bound = service?.audiences !== undefined && source.class === 'id_token';
  return (
    refuseAudience(service, publicUrl, audience, host, bound) ??
    (parentAudience === undefined
      ? undefined
      : refuseAudience(service, publicUrl, parentAudience, host, bound))
  );
}

/** `bound`: the service has audiences for ID tokens, which is what the source was. */
function refuseAudience(
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
  if (audience !== publicUrl) return deny('audience_mismatch', 'minted for another service or host');
  // An exchange in between must not make an ID token that was for elsewhere good here.
  return bound
    ? deny('audience_mismatch', 'minted for all services, but this one has audiences of its own')
    : undefined;
}
