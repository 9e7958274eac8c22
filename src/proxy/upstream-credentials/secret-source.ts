import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { closeOnFailure } from '../../util/resources/close-on-failure.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';

/** A secret as it is now. */
export interface SecretSource {
  current(): string;
  close(): void;
}

/** Given in the configuration, or in a file that is re-read when it changes; `changed` is told of a new one. */
export function openSecret(
  service: string,
  given: { readonly inline: string | undefined; readonly file: string | undefined },
  log: Log,
  changed: (secret: string) => void = () => undefined,
): SecretSource {
  const { inline = '', file: path } = given;
  if (path === undefined) return { current: () => inline, close: () => undefined };
  const take = (content: string): string => {
    const secret = content.trim();
    // What cannot stand in a header would fail every request; the last good secret stays.
    if (!/^[\x20-\x7e]+$/.test(secret))
      throw new GatehouseError('startup_failed', `${path} holds no usable secret`);
    return secret;
  };
  const failed = (cause: unknown): void => {
    const code = (cause as { code?: string }).code ?? 'unknown';
    log.warn('upstream credential not re-read, the last good one stays', { service, file: path, code });
  };
  try {
    return closeOnFailure((keep) => {
      const file = keep(
        new WatchedFile(
          path,
          (content) => {
            secret = take(content);
            changed(secret);
            log.info('upstream credential re-read', { service, file: path });
          },
          failed,
        ),
      );
      let secret = take(file.content);
      return { current: () => secret, close: () => file.close() };
    });
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const what = `services.${service}.upstream.auth: ${path} cannot be read (${code})`;
    throw new GatehouseError('startup_failed', what, { cause });
  }
}
