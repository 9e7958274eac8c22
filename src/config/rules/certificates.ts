import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DraftService } from '../model/draft.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { expiryWarning } from '../../core/certificate-expiry.ts';
import type { RuleContext } from './rule.ts';

interface CertificateFile {
  readonly path: KeyPath;
  readonly file: string | undefined;
}

/** Warns about certificates that have expired or expire soon. Files that cannot be read are reported elsewhere. */
export function checkCertificates(context: RuleContext): void {
  for (const { path, file } of certificateFiles(context)) {
    if (file === undefined) continue;
    const soonest = certificatesIn(file).toSorted((a, b) => Date.parse(a.validTo) - Date.parse(b.validTo))[0];
    const problem = soonest && expiryWarning(soonest, context.now);
    if (problem !== undefined) context.warn(path, `${file}: ${problem}`);
  }
}

function certificateFiles({ draft: { server, state, issuers, services } }: RuleContext): CertificateFile[] {
  return [
    { path: ['server', 'tls', 'certFile'], file: server.tls?.certFile },
    { path: ['state', 'redis', 'caFile'], file: state.redis?.caFile },
    ...issuers.map(({ name, caFile }) => ({ path: ['issuers', name, 'caFile'], file: caFile })),
    ...services.flatMap(certificatesOfService),
  ];
}

function certificatesOfService({ name, upstream }: DraftService): CertificateFile[] {
  const path = ['services', name, 'upstream'];
  const auths = [
    { path: [...path, 'auth'], auth: upstream.auth },
    ...Object.entries(upstream.auth?.perIdentity ?? {}).map(([identity, auth]) => ({
      path: [...path, 'auth', 'perIdentity', identity],
      auth,
    })),
  ];
  return [
    { path: [...path, 'caFile'], file: upstream.caFile },
    { path: [...path, 'clientCertificate', 'certFile'], file: upstream.clientCertificate?.certFile },
    ...auths.flatMap(({ path: at, auth }) => [
      { path: [...at, 'oauth2', 'caFile'], file: auth?.oauth2?.caFile },
      { path: [...at, 'registryToken', 'caFile'], file: auth?.registryToken?.caFile },
    ]),
  ];
}

function certificatesIn(file: string): X509Certificate[] {
  try {
    const blocks = readFileSync(file, 'utf8').match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    );
    return (blocks ?? []).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}
