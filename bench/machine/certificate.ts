import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../../test/support/tools.ts';
import type { TlsFiles } from '../contestants/contestant.ts';

/** A self-signed certificate (ECDSA P-256) for 127.0.0.1. */
export async function createCertificate(folder: string): Promise<TlsFiles> {
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = ['req', '-x509', ...key, '-out', certFile, '-days', '2', ...names];
  await promisify(execFile)(findTool('openssl') ?? 'openssl', args);
  return { certFile, keyFile };
}
