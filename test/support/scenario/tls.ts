import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A certificate of the gateway for 127.0.0.1, with the scenario options that install it. */
export interface GatewayTls {
  /** PEM file with the CA certificate for clients. */
  readonly caFile: string;
  readonly files: Readonly<Record<string, string>>;
  readonly server: { readonly more: readonly string[] };
  close(): void;
}

export function gatewayTls(): GatewayTls {
  const folder = temporaryFolder('tls');
  const authority = createAuthority('gateway test');
  const { cert, key } = authority.issue('IP:127.0.0.1');
  const caFile = join(folder.path, 'ca.crt');
  writeFileSync(caFile, authority.certificate);
  return {
    caFile,
    files: { 'tls.crt': cert, 'tls.key': key },
    server: { more: ['tls: { certFile: tls.crt, keyFile: tls.key }'] },
    close: () => folder.close(),
  };
}
