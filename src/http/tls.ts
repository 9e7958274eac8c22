import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { GatehouseError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { WatchedFile } from '../util/resources/watched-file.ts';

interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string | undefined;
}

export interface LoadedCertificate {
  readonly cert: string;
  readonly key: string;
  /** The authorities of client certificates. */
  readonly ca?: string;
}

export function loadCertificate({ certFile, keyFile, clientCaFile }: CertificateFiles): LoadedCertificate {
  try {
    const loaded = {
      cert: readFileSync(certFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
      ...(clientCaFile !== undefined && { ca: readFileSync(clientCaFile, 'utf8') }),
    };
    createSecureContext(loaded);
    return loaded;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatehouseError(
      'startup_failed',
      `${certFile}: the certificate, its key or the client authorities cannot be used: ${why}`,
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
  const paths = [files.certFile, files.keyFile, files.clientCaFile].filter((path) => path !== undefined);
  const watched = paths.map((path) => new WatchedFile(path, reload, unreadable));
  return {
    /** The certificate that clients receive, with its chain (PEM). */
    get current() {
      return current;
    },
    close: () => watched.forEach((file) => file.close()),
  };
}
