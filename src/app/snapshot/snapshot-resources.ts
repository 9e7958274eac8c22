import type { Config } from '../../config/index.ts';
import type { FailureLimits } from '../../core/failure-limits.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { Forwarder } from '../../proxy/index.ts';
import { createFailureLimits } from '../../state/index.ts';
import { createKeyring, createUnverifiedKeyring } from '../../token-service/index.ts';
import { missingFrom, reuse, type ReusableResources } from '../../util/resources/reuse.ts';
import { createVaultValues, type LoadedVaultValues } from '../../vault/index.ts';
import type { AdminToken } from '../endpoints/admin-token.ts';
import type { ApplicationScope } from '../application-scope.ts';
import type { Forwarders } from '../services/services.ts';

/** Resources that the next snapshot reuses if their settings are unchanged. */
export interface SnapshotResources {
  readonly keyrings: ReusableResources<Config['signing'], Keyring>;
  readonly failures: ReusableResources<Config['server']['limits']['authFailures'], FailureLimits>;
  readonly adminTokens: ReusableResources<AdminTokenSettings, AdminToken>;
  readonly forwarders: Forwarders;
  /** At most one. */
  readonly vaults: ReusableResources<NonNullable<Config['vault']>, LoadedVaultValues>;
}

interface AdminTokenSettings {
  readonly admin: Config['server']['admin'];
  /** Defined if the token is in the vault. */
  readonly vault: Config['vault'];
}

export function adminTokenSettings({ server: { admin }, vault }: Config): AdminTokenSettings {
  return { admin, vault: admin.tokenFromVault === undefined ? undefined : vault };
}

export function vaultValuesOf(vaults: SnapshotResources['vaults']): LoadedVaultValues | undefined {
  const [entry] = vaults.values();
  return entry?.made;
}

/** The values of the vault of the configuration. */
export function reuseVaultValues(
  { vault }: Config,
  { openVault, log }: ApplicationScope,
  previous: SnapshotResources | undefined,
): SnapshotResources['vaults'] {
  return reuse(previous?.vaults, vault === undefined ? [] : [['vault', vault]], (settings) =>
    createVaultValues(openVault(settings, 'the configuration'), { log }),
  );
}

export function reuseStateResources(
  config: Config,
  { store, clock, log, inspect }: ApplicationScope,
  previous: SnapshotResources | undefined,
): Pick<SnapshotResources, 'keyrings' | 'failures'> {
  const keyrings = reuse(previous?.keyrings, [['keyring', config.signing]], (signing) =>
    inspect && signing === undefined
      ? createUnverifiedKeyring()
      : createKeyring({ signing }, { store, log, clock }),
  );
  const failures = reuse(previous?.failures, [['failures', config.server.limits.authFailures]], (limits) =>
    createFailureLimits(limits, store, clock),
  );
  return { keyrings, failures };
}

/** Releases the resources that the successor does not reuse; forwarders once their `inUse` promise settles. */
export async function releaseResources(
  { keyrings, adminTokens, forwarders, vaults }: SnapshotResources,
  successor: SnapshotResources | undefined,
  inUse: (forwarder: Forwarder) => Promise<unknown>,
): Promise<void> {
  for (const keyring of missingFrom(keyrings, successor?.keyrings)) keyring.stop();
  for (const token of missingFrom(adminTokens, successor?.adminTokens)) token.close();
  const unused = missingFrom(forwarders, successor?.forwarders);
  const closed = unused.map((forwarder) => forwarder.close(inUse(forwarder)));
  for (const values of missingFrom(vaults, successor?.vaults)) values.close();
  await Promise.all(closed);
}

/** The one resource of a kind of which a snapshot has exactly one. */
export function only<T>(resources: ReusableResources<unknown, T>): T {
  const [entry] = resources.values();
  if (entry === undefined) throw new TypeError('expected one resource, found none');
  return entry.made;
}
