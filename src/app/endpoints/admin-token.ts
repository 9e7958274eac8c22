import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/index.ts';
import type { Log } from '../../core/ports.ts';
import { GatehouseError } from '../../core/errors.ts';
import { openVaultField, type VaultField, type VaultValues } from '../../core/vault.ts';
import { Secret } from '../../core/secret.ts';
import { closeOnFailure } from '../../util/resources/close-on-failure.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';

/** The current token. Its file, or its field of the vault, can be rotated while the gateway runs. */
export interface AdminToken {
  current(): Secret | undefined;
  close(): void;
}

export function openAdminToken(
  { token, tokenFile, tokenFromVault }: Config['server']['admin'],
  log: Log,
  vaultValues?: VaultValues,
): AdminToken {
  if (tokenFromVault !== undefined) return openVaultToken(tokenFromVault, vaultValues);
  if (tokenFile === undefined) {
    const secret = token === undefined ? undefined : new Secret(token);
    return { current: () => secret, close: () => undefined };
  }
  let secret: Secret;
  const onChange = (content: string): void => {
    secret = readToken(content);
    log.info('admin token reloaded', { file: tokenFile });
  };
  const onFailure = (): void =>
    log.warn('admin token file cannot be used; the last valid token stays active', { file: tokenFile });
  return closeOnFailure((keep) => {
    const file = keep(new WatchedFile(tokenFile, onChange, onFailure));
    secret = readToken(file.content);
    return { current: () => secret, close: () => file.close() };
  });
}

/** Until the vault has returned the token, no token is accepted: the admin listener starts before the first read. */
function openVaultToken(field: VaultField, vaultValues: VaultValues | undefined): AdminToken {
  let secret = new Secret(randomUUID());
  const source = openVaultField(field, vaultValues, (value) => {
    secret = new Secret(value);
  });
  return { current: () => secret, close: () => source.close() };
}

/** Throws for a file with white space only: an empty token would open the console. */
function readToken(content: string): Secret {
  const token = content.trim();
  if (!/^[\x20-\x7e]+$/.test(token)) {
    throw new GatehouseError(
      'startup_failed',
      'server.admin.tokenFile: must contain one line of printable ASCII',
    );
  }
  return new Secret(token);
}
