import type { Authenticator } from '../../credentials/index.ts';
import type { Config } from '../../config/index.ts';
import { expiryWarning } from '../../core/operation/certificate-expiry.ts';
import type { Clock, EgressClient } from '../../core/ports.ts';
import type { OpenVault } from '../../core/vault.ts';
import { probeStore } from '../../state/index.ts';
import { counted } from '../../util/text/counted.ts';
import type { OnlineCheck } from './online-result.ts';
import { checkCredentials } from './online-credentials.ts';
import { checkConfiguredVault } from './online-vault.ts';
import { upstreamCertificate } from './upstream-certificate.ts';

interface OnlinePorts {
  readonly authenticator: Authenticator;
  readonly egress: EgressClient;
  readonly openVault: OpenVault;
  readonly clock: Clock;
  /** The upstream credential of a service. */
  readonly credentialOf: Parameters<typeof checkCredentials>[1];
  /** Reads the secrets of the vault of the configuration, which upstream credentials contain. */
  readonly loadVaultValues: () => Promise<void>;
}

/** Fetches the keys of every issuer, tests the access to its jobs, sends a request to every upstream, obtains its credentials and checks the store. */
export async function checkOnline(
  config: Config,
  { authenticator, egress, openVault, clock, credentialOf, loadVaultValues }: OnlinePorts,
): Promise<readonly OnlineCheck[]> {
  await authenticator.fetchKeys();
  const keysOf = new Map(config.issuers.map((issuer) => [issuer.name, issuer]));
  const issuers = authenticator.issuers().map(({ name, ready, keys, lastError }) => ({
    name: `issuers.${name}`,
    ok: ready,
    detail: ready ? counted(keys, 'key') : `${lastError ?? 'no keys'}${adviceFor(keysOf.get(name))}`,
  }));
  const probes = await authenticator.probeLiveness();
  const liveness = probes.map(({ name, ...result }) => ({ name: `issuers.${name}.liveness`, ...result }));
  const upstreams = config.services.flatMap(({ name, upstream }) =>
    upstream === undefined ? [] : [checkUpstream(name, upstream, egress, clock)],
  );
  const vault = checkConfiguredVault(config, openVault);
  // The check of the vault reports why a secret is not read.
  await loadVaultValues().catch(() => undefined);
  const credentials = checkCredentials(config, credentialOf);
  return [
    ...issuers,
    ...liveness,
    ...(await Promise.all(upstreams)),
    ...(await vault),
    ...(await credentials),
    await checkStore(config),
  ];
}

/** The key that names the address, and the next step; a file of keys has none. */
function adviceFor(issuer: Config['issuers'][number] | undefined): string {
  if (issuer === undefined || issuer.jwksFile !== undefined) return '';
  const key = issuer.jwksUri === undefined ? 'issuer' : 'jwksUri';
  return `; check ${key}, and that the issuer is reachable from here`;
}

async function checkUpstream(
  name: string,
  upstream: NonNullable<Config['services'][number]['upstream']>,
  egress: EgressClient,
  clock: Clock,
): Promise<OnlineCheck> {
  const key = `services.${name}.upstream`;
  const { url, caFile, serverName, clientCertificate } = upstream;
  const failed = (detail: string): OnlineCheck => ({ name: key, ok: false, detail });
  const response = await egress.get({ url, caFile, serverName, clientCertificate, pool: 'online check' });
  if (response.kind !== 'response')
    return failed(`${new URL(url).host}: ${response.detail}; check upstream.url, and that the upstream runs`);
  const presented = await upstreamCertificate(upstream);
  if (presented.kind === 'failed') return failed(presented.detail);
  const warning = presented.certificate && expiryWarning(presented.certificate, clock.now());
  const detail = `responds (status ${response.status})`;
  return { name: key, ok: true, detail, ...(warning === undefined ? {} : { warning }) };
}

async function checkStore({ state }: Config): Promise<OnlineCheck> {
  const name = state.redis === undefined ? 'state.sqlite' : 'state.redis';
  const { kind, detail } = await probeStore(state);
  return { name, ok: kind === 'usable', detail };
}
