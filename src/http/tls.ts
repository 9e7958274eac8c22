import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { GatehouseError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { WatchedFile } from '../util/resources/watched-file.ts';

interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export function loadCertificate(files: CertificateFiles): { cert: string; key: string } {
  try {
    const pair = { cert: readFileSync(files.certFile, 'utf8'), key: readFileSync(files.keyFile, 'utf8') };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatehouseError(
      'startup_failed',
      `server.tls: the certificate or its key cannot be used: ${why}`,
      {
        cause,
      },
    );
  }
}

/** New connections get a renewed certificate; a pair that does not fit (one file written, the other not yet) waits. */
export function watchCertificate(
  files: CertificateFiles,
  server: Server,
  log: Log,
): { readonly current: string; close(): void } {
  const reload = (): void => {
    try {
      const pair = loadCertificate(files);
      server.setSecureContext(pair);
      current = pair.cert;
      log.info('certificate reloaded', { file: files.certFile });
    } catch (cause) {
      unreadable(cause);
    }
  };
  const unreadable = (cause: unknown): void => {
    const code = cause instanceof GatehouseError ? cause.code : (cause as NodeJS.ErrnoException).code;
    log.warn('certificate not reloaded, the last good one stays', { file: files.certFile, code });
  };
  let current = loadCertificate(files).cert;
  const watched = [files.certFile, files.keyFile].map((path) => new WatchedFile(path, reload, unreadable));
  return {
    /** The certificate that clients receive, with its chain (PEM). */
    get current() {
      return current;
    },
    close: () => watched.forEach((file) => file.close()),
  };
}
