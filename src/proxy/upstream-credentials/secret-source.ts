import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { openVaultField, type VaultField, type VaultValues } from '../../core/vault.ts';
import { closeOnFailure } from '../../util/resources/close-on-failure.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';

/** The current value of a secret. */
export interface SecretSource<Secret = string> {
  current(): Secret;
  close(): void;
}

/** Where a secret is: exactly one member is set. */
export interface SecretPlace {
  readonly inline: string | undefined;
  readonly file: string | undefined;
  readonly vault: VaultField | undefined;
}

export interface SecretPorts {
  readonly log: Log;
  /** Defined if the configuration has a vault. */
  readonly vaultValues: VaultValues | undefined;
}

/**
 * Opens an inline secret, a file that is re-read when it changes, or a field of the vault; `changed` receives each new
 * value. Throws `startup_failed` when the file cannot be read or contains no usable secret.
 */
export function openSecret(
  service: string,
  { inline = '', file: path, vault }: SecretPlace,
  { log, vaultValues }: SecretPorts,
  changed: (secret: string) => void = () => undefined,
): SecretSource {
  if (vault !== undefined) return openVaultField(vault, vaultValues, changed);
  if (path === undefined) return { current: () => inline, close: () => undefined };
  return openTextFile(service, path, log, changed);
}

/** Opens a file with one line of text that can be part of a header, as `openSecret` does. */
export function openTextFile(
  service: string,
  path: string,
  log: Log,
  changed?: (secret: string) => void,
): SecretSource {
  return openSecretFile(service, { path, parse: (content) => parseHeaderText(content, path) }, log, changed);
}

// A value that is not a valid header value would fail every request, so the previous secret stays active.
function parseHeaderText(content: string, path: string): string {
  const secret = content.trim();
  if (/^[\x20-\x7e]+$/.test(secret)) return secret;
  throw new GatehouseError('startup_failed', `${path} must contain one line of printable ASCII`);
}

interface SecretFile<Secret> {
  readonly path: string;
  /** Throws `startup_failed` for an unusable content. */
  readonly parse: (content: string) => Secret;
}

/** Opens a file as `openSecret` does; `parse` converts each content. */
export function openSecretFile<Secret>(
  service: string,
  { path, parse }: SecretFile<Secret>,
  log: Log,
  changed: (secret: Secret) => void = () => undefined,
): SecretSource<Secret> {
  const failed = (cause: unknown): void => {
    const code = (cause as { code?: string }).code ?? 'unknown';
    log.warn('upstream credential not reloaded; the previous one stays active', {
      service,
      file: path,
      code,
    });
  };
  try {
    return closeOnFailure((keep) => {
      const file = keep(
        new WatchedFile(
          path,
          (content) => {
            secret = parse(content);
            changed(secret);
            log.info('upstream credential reloaded', { service, file: path });
          },
          failed,
        ),
      );
      let secret = parse(file.content);
      return { current: () => secret, close: () => file.close() };
    });
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const what = `services.${service}.upstream.auth: ${path} cannot be read (${code})`;
    throw new GatehouseError('startup_failed', what, { cause });
  }
}
