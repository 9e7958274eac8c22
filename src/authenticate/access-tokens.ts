import { hash } from 'node:crypto';
import { MAX_CREDENTIAL_LENGTH } from '../contract/credential.ts';
import { deny, unable } from '../contract/decision.ts';
import type { Refusal } from '../contract/decision.ts';
import type { Keyring } from '../contract/keyring.ts';
import type { VerificationMeter } from '../contract/meter.ts';
import { ACCESS_TOKEN_TYPE, serviceAudience } from '../contract/minted-token.ts';
import type { Clock } from '../contract/ports.ts';
import { SingleFlight } from '../lib/single-flight.ts';
import { MAX_FLIGHTS, measure } from './authentication.ts';
import type { Authentication, ServiceAuthenticator } from './authentication.ts';
import { checkExpiry } from './check-claims.ts';
import { readMintedPayload, type MintedToken } from './minted-payload.ts';
import type { ServiceSettings } from './settings.ts';
import { createVerificationCache } from './verification-cache.ts';

export interface AccessTokenPorts {
  readonly keyring: Pick<Keyring, 'verify'>;
  readonly clock: Clock;
  readonly meter: VerificationMeter;
}

/** By service: tokens that the gateway minted itself, with the cache of those that were found good. */
export function createAccessTokens(
  publicUrl: string,
  /** `iss` of each issuer of the configuration, and of what stands for one. */
  issuerUrls: ReadonlyMap<string, string>,
  { keyring, clock, meter }: AccessTokenPorts,
): (service?: ServiceSettings) => ServiceAuthenticator {
  const cache = createVerificationCache<MintedToken>();
  const flights = new SingleFlight<MintedToken | Refusal>(MAX_FLIGHTS);

  async function verifyAnew(token: string, tokenHash: string): Promise<MintedToken | Refusal> {
    const verdict = await keyring.verify(token, ACCESS_TOKEN_TYPE);
    switch (verdict.kind) {
      case 'unavailable':
        return unable('store_unavailable', verdict.detail);
      case 'invalid':
        return deny('signature_invalid', verdict.detail);
      case 'payload': {
        const known = readMintedPayload(verdict.payload, tokenHash, issuerUrls);
        if (!('kind' in known)) cache.set(tokenHash, known);
        return known;
      }
      default:
        return verdict satisfies never;
    }
  }

  return (service) => {
    function admit({ verified, audience }: MintedToken, host: string | undefined): Authentication {
      const expired = checkExpiry(verified.expiresAt, clock.now());
      if (expired !== undefined) return expired;
      const { issuer } = verified;
      if (service?.issuers?.includes(issuer) === false && !issuer.startsWith(':')) {
        return deny('issuer_unknown', `minted from issuer ${issuer}, which is not one of this service`);
      }
      const accepted =
        audience === publicUrl ||
        (service?.type === 'oci' && audience === host) ||
        (service !== undefined && audience === serviceAudience(service.name));
      return accepted ? verified : deny('audience_mismatch', 'minted for another service or host');
    }

    return ({ token }, host) => {
      if (token.length > MAX_CREDENTIAL_LENGTH)
        return deny('credential_malformed', 'the token is over 16 KiB');
      const tokenHash = hash('sha256', token);
      const known = cache.get(tokenHash);
      if (known !== undefined) {
        meter.cacheHit('access_token');
        return admit(known, host);
      }
      meter.cacheMiss('access_token');
      const measured = measure(meter, 'access_token');
      return flights
        .run(tokenHash, () => verifyAnew(token, tokenHash))
        .then((result) => measured(undefined, 'kind' in result ? result : admit(result, host)));
    };
  };
}
