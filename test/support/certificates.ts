import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from './tools.ts';

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** A certificate for these names (`DNS:localhost`, `IP:127.0.0.1`) and its key. */
  issue(...names: readonly string[]): CertificatePair;
  /** The same, expired since yesterday. */
  issueExpired(...names: readonly string[]): CertificatePair;
}

interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority outside every trust store. openssl creates it, because Node cannot issue certificates. */
export function createAuthority(name: string, days = 2): Authority {
  const lifetime = ['-days', String(days)];
  const root = inFolder((folder) => {
    openssl(
      folder,
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-subj',
      `/CN=${name}`,
      ...lifetime,
    );
    return { cert: read(folder, 'ca.crt'), key: read(folder, 'ca.key') };
  });
  return {
    certificate: root.cert,
    issue: (...names) =>
      inFolder((folder) => {
        writeFileSync(join(folder, 'ca.crt'), root.cert);
        writeFileSync(join(folder, 'ca.key'), root.key);
        const san = `subjectAltName=${names.join(',')}`;
        const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
        openssl(
          folder,
          'req',
          '-x509',
          ...ca,
          ...KEY,
          '-keyout',
          'key',
          '-out',
          'crt',
          '-subj',
          '/CN=x',
          '-addext',
          san,
          '-addext',
          'basicConstraints=critical,CA:FALSE',
          ...lifetime,
        );
        return { cert: read(folder, 'crt'), key: read(folder, 'key') };
      }),
    issueExpired: (...names) =>
      inFolder((folder) => {
        writeFileSync(join(folder, 'ca.crt'), root.cert);
        writeFileSync(join(folder, 'ca.key'), root.key);
        const san = ['-addext', `subjectAltName=${names.join(',')}`];
        openssl(folder, 'req', ...KEY, '-keyout', 'key', '-out', 'csr', '-subj', '/CN=x', ...san);
        const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-copy_extensions', 'copy'];
        openssl(folder, 'x509', '-req', '-in', 'csr', ...ca, '-days', '-1', '-out', 'crt');
        return { cert: read(folder, 'crt'), key: read(folder, 'key') };
      }),
  };
}

/** A self-signed certificate for a key in PEM format. */
export function selfSigned(key: string): string {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'key'), key, { mode: 0o600 });
    openssl(folder, 'req', '-x509', '-key', 'key', '-subj', '/CN=client', '-days', '2', '-out', 'crt');
    return read(folder, 'crt');
  });
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ca-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openssl(cwd: string, ...args: readonly string[]): void {
  execFileSync(findTool('openssl') ?? 'openssl', args, { cwd, stdio: 'pipe' });
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
