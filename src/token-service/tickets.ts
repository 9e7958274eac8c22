import { randomUUID } from 'node:crypto';
import type { Keyring } from '../core/credentials/keyring.ts';
import {
  ANONYMOUS_ISSUER,
  ANONYMOUS_SUBJECT,
  MAX_PARENTS,
  serviceAudience,
  UNMATCHED_IDENTITY,
} from '../core/credentials/minted-token.ts';
import { TICKET_LIFETIME, TICKET_TYPE, type PrepareTickets } from '../core/credentials/ticket.ts';
import type { Clock } from '../core/ports.ts';
import type { MintSettings } from './mint.ts';
import { maxLifetime, sourceClaim } from './source-claim.ts';

/**
 * Signs tickets: tokens for one path, for clients that send no credential with a download. They repeat the source of
 * the credential, so that every use is authorized again, and contain the upstream's query in encrypted form.
 */
export function createTickets(
  { publicUrl, claims }: Pick<MintSettings, 'publicUrl' | 'claims'>,
  { keyring, clock }: { readonly keyring: Pick<Keyring, 'signer'>; readonly clock: Clock },
): PrepareTickets {
  return async function prepare({ service, credential, identity = UNMATCHED_IDENTITY, operations }) {
    const signer = await keyring.signer();
    const scope = [...new Set(operations.map((operation) => operation.scope))].join(' ');
    const resources = operations.map(({ resource }) => resource);
    const source = credential?.issuer === ANONYMOUS_ISSUER ? undefined : credential;
    const src = source && sourceClaim(source, claims, { publishing: false, registry: false });
    const workload = source?.minted?.workload;

    return function issue({ path, query }) {
      if ((credential?.minted?.parents.length ?? 0) >= MAX_PARENTS) return undefined;
      const now = clock.now();
      const lifetime = Math.min(TICKET_LIFETIME, credential ? maxLifetime(credential, now) : Infinity);
      const issuedAt = Math.floor(now / 1000);
      const jti = randomUUID();
      return signer.sign(TICKET_TYPE, {
        iss: publicUrl,
        aud: serviceAudience(service),
        sub: source === undefined ? ANONYMOUS_SUBJECT : identity,
        iat: issuedAt,
        nbf: issuedAt,
        exp: issuedAt + Math.max(0, Math.floor(lifetime / 1000)),
        jti,
        ...(workload === undefined ? {} : { email: workload }),
        scope,
        resources,
        path,
        ...(query === '' ? {} : { query: signer.seal(query, jti) }),
        ...(src === undefined ? {} : { src }),
      });
    };
  };
}
