import { createSecureContext } from 'node:tls';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';

/** Whom an upstream must be, and who we are to it. Nothing of it turns a check off. */
export interface UpstreamTlsSettings {
  readonly caFile?: string | undefined;
  /** In its certificate, in place of the name in the URL. */
  readonly serverName?: string | undefined;
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** As node:tls takes them. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface UpstreamTls {
  readonly current: TlsMaterial;
  close(): void;
}

/**
 * The files, re-read on change. What cannot be used, as a certificate beside the key of the last one, changes nothing: the
 * other file is on its way. Throws `startup_failed` where they cannot be used now.
 */
export function openUpstreamTls(
  service: string,
  { caFile, clientCertificate }: UpstreamTlsSettings,
  log: Log,
  changed: (material: TlsMaterial) => void,
): UpstreamTls {
  const files = new Map<keyof TlsMaterial, WatchedFile>();
  const close = (): void => files.forEach((file) => file.close());
  let current: TlsMaterial = {};

  function read(): TlsMaterial {
    const material = Object.fromEntries([...files].map(([part, { content }]) => [part, content]));
    createSecureContext(material);
    return material;
  }

  function watch(part: keyof TlsMaterial, path: string | undefined): void {
    if (path === undefined) return;
    const failed = (cause: unknown): void =>
      log.warn('TLS file of an upstream not taken, the last good ones stay', {
        service,
        file: path,
        code: codeOf(cause),
      });
    const reread = (): void => {
      try {
        current = read();
      } catch (cause) {
        return failed(cause);
      }
      log.info('TLS files of an upstream re-read', { service, file: path });
      changed(current);
    };
    try {
      files.set(part, new WatchedFile(path, reread, failed));
    } catch (cause) {
      close();
      throw unusable(service, `${path} cannot be read (${codeOf(cause)})`, cause);
    }
  }

  watch('ca', caFile);
  watch('cert', clientCertificate?.certFile);
  watch('key', clientCertificate?.keyFile);
  try {
    current = read();
  } catch (cause) {
    close();
    const named = [caFile, clientCertificate?.certFile, clientCertificate?.keyFile].filter(Boolean);
    throw unusable(service, `${named.join(', ')}: not certificates and a key that fit (${codeOf(cause)})`);
  }
  return {
    get current() {
      return current;
    },
    close,
  };
}

/** Without the cause where that may quote a key. */
function unusable(service: string, problem: string, cause?: unknown): GatehouseError {
  return new GatehouseError('startup_failed', `services.${service}.upstream: ${problem}`, { cause });
}

function codeOf(cause: unknown): string {
  return (cause as { code?: string }).code ?? 'unknown';
}
