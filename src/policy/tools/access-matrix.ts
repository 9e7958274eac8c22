import type { AccessEntry, AccessMatrix } from '../../core/records/access-entry.ts';
import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';

/** Arranges entries as identities × services. */
export function accessMatrix(entries: readonly Omit<AccessEntry, 'rule'>[]): AccessMatrix {
  const services = [...new Set(entries.map(({ service }) => service))];
  const holders = Map.groupBy(entries, ({ kind, name }) =>
    kind === 'deploy_token' ? deployTokenIdentity(name) : name,
  );
  const rows = [...holders].map(([name, held]) => ({
    name,
    kind: held[0]?.kind ?? 'identity',
    scopes: services.map((service) => [
      ...new Set(held.filter((each) => each.service === service).map(({ scope }) => scope)),
    ]),
  }));
  return { services, rows };
}
