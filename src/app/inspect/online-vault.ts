import type { Config } from '../../config/index.ts';
import { vaultFields } from '../../config/serving.ts';
import { readVaultField, type OpenVault } from '../../core/vault.ts';
import { counted } from '../../util/text/counted.ts';
import type { OnlineCheck } from './online-result.ts';

/** Logs in at the vault of the configuration, and reads each field. */
export async function checkConfiguredVault(
  config: Config,
  openVault: OpenVault,
): Promise<readonly OnlineCheck[]> {
  if (config.vault === undefined) return [];
  const name = 'vault';
  const vault = openVault(config.vault, name);
  const rejected = await vault.logIn();
  if (rejected !== undefined) return [{ name, ok: false, detail: rejected.detail }];
  const fields = vaultFields(config);
  for (const { field } of fields) {
    const secret = await vault.read(field.path);
    const read = secret.kind === 'secret' ? readVaultField(secret, field) : secret;
    if (read.kind === 'vault-fault') return [{ name, ok: false, detail: read.detail }];
  }
  const detail = `accepts the login, which may read ${counted(fields.length, 'field')}`;
  return [{ name, ok: true, detail }];
}
