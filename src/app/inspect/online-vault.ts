import type { Config } from '../../config/index.ts';
import { formatPath, vaultFields } from '../../config/serving.ts';
import { readVaultField, type OpenVault, type VaultField, type VaultSettings } from '../../core/vault.ts';
import { counted } from '../../util/text/counted.ts';
import type { OnlineCheck } from './online-result.ts';

/** Logs in at each vault and reads the secrets whose path does not depend on the caller. */
export function checkVaults(config: Config, openVault: OpenVault): Promise<readonly OnlineCheck[]> {
  const { vault } = config;
  const fields = vaultFields(config).map(({ field }) => field);
  return Promise.all([
    ...(vault === undefined ? [] : [checkVault('vault', vault, fields, openVault)]),
    ...config.services.flatMap(({ name, upstream }) => {
      const path = ['services', name, 'upstream', 'auth'];
      const { vault: own, perIdentity = {} } = upstream?.auth ?? {};
      const entries = Object.entries(perIdentity).map(
        ([identity, each]) => [[...path, 'perIdentity', identity, 'vault'], each.vault] as const,
      );
      return [[[...path, 'vault'], own] as const, ...entries].flatMap(([key, settings]) => {
        if (settings === undefined) return [];
        const read = /[{}]/.test(settings.path) ? [] : [settings];
        return [checkVault(formatPath(key), settings, read, openVault)];
      });
    }),
  ]);
}

async function checkVault(
  name: string,
  settings: VaultSettings,
  fields: readonly VaultField[],
  openVault: OpenVault,
): Promise<OnlineCheck> {
  const vault = openVault(settings, name);
  const rejected = await vault.logIn();
  if (rejected !== undefined) return { name, ok: false, detail: rejected.detail };
  for (const field of fields) {
    const secret = await vault.read(field.path);
    const read = secret.kind === 'secret' ? readVaultField(secret, field) : secret;
    if (read.kind === 'vault-fault') return { name, ok: false, detail: read.detail };
  }
  const detail =
    fields.length === 0
      ? 'accepts the login; the path depends on the caller'
      : `accepts the login, which may read ${counted(fields.length, 'field')}`;
  return { name, ok: true, detail };
}
