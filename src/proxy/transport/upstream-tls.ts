import { createSecureContext } from 'node:tls';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import {
  firstToExpire,
  lastToExpire,
  parseCertificates,
  type Certificate,
} from '../../util/tls/certificates.ts';
import { WatchedFile } from '../../util/resources/watched-file.ts';

/** Server verification and client authentication. No setting disables verification. */
export interface UpstreamTlsSettings {
  readonly caFile?: string | undefined;
  /** The expected name in the certificate, instead of the host of the URL. */
  readonly serverName?: string | undefined;
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** Options of `tls.createSecureContext`. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface UpstreamTls {
  readonly current: TlsMaterial;
  /** The certificates of the active files. */
  certificates(): Omit<UpstreamCertificates, 'presented'>;
  close(): void;
}

export interface UpstreamCertificates {
  /** The last to expire of the certificate authorities. */
  readonly ca: Certificate | undefined;
  /** The first to expire of the client certificate and its chain. */
  readonly client: Certificate | undefined;
  /** The first to expire of the chain that the upstream has presented. */
  readonly presented: Certificate | undefined;
}

/**
 * Reads the TLS files and re-reads them on change. An unusable change, such as a new certificate with the previous key,
 * is ignored until the other file changes too. Throws `startup_failed` when the files are unusable at start.
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
      log.warn('TLS file of an upstream not reloaded; the previous files stay active', {
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
      log.info('TLS files of an upstream reloaded', { service, file: path });
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
    throw unusable(
      service,
      `${named.join(', ')}: not valid certificates with a matching key (${codeOf(cause)})`,
    );
  }
  return {
    get current() {
      return current;
    },
    certificates: () => ({
      ca: lastToExpire(parseCertificates(current.ca ?? '')),
      client: firstToExpire(parseCertificates(current.cert ?? '')),
    }),
    close,
  };
}

/** The cause is omitted when it may contain a key. */
function unusable(service: string, problem: string, cause?: unknown): GatehouseError {
  return new GatehouseError('startup_failed', `services.${service}.upstream: ${problem}`, { cause });
}

function codeOf(cause: unknown): string {
  return (cause as { code?: string }).code ?? 'unknown';
}
