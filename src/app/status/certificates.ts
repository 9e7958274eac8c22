import { readFileSync } from 'node:fs';
import { certificateFiles, formatPath, type CertificateFile, type Config } from '../../config/serving.ts';
import type { CertificateInUse } from '../../core/operation/certificates.ts';
import type { Forwarder } from '../../proxy/index.ts';
import {
  firstToExpire,
  lastToExpire,
  parseCertificates,
  type Certificate,
} from '../../util/tls/certificates.ts';

export interface CertificateSources {
  readonly config: Config;
  /** The certificates of the listeners, each with its chain (PEM). */
  readonly listeners: { readonly server: string | undefined; readonly authorizer: string | undefined };
  /** By the name of the service. */
  readonly forwarders: ReadonlyMap<string, { readonly made: Pick<Forwarder, 'certificates'> }>;
}

/**
 * The certificates in use. A file may be newer: after an unusable change the listener and the upstreams keep the
 * previous content. The egress client and the Redis client read their files at each connection.
 */
export function certificatesInUse({
  config,
  listeners,
  forwarders,
}: CertificateSources): readonly CertificateInUse[] {
  const upstreams = new Map([...forwarders].map(([name, { made }]) => [name, made.certificates()]));

  function activeIn({ role, path, file }: CertificateFile): Certificate | undefined {
    const [section, service = '', , key] = path.map(String);
    const upstream = section === 'services' ? upstreams.get(service) : undefined;
    if (role === 'listener') {
      const pem = path[1] === 'authorizer' ? listeners.authorizer : listeners.server;
      return firstToExpire(parseCertificates(pem ?? ''));
    }
    if (key === 'clientCertificate') return upstream?.client;
    if (section === 'services' && key === 'caFile') return upstream?.ca;
    return lastToExpire(parseCertificates(readText(file)));
  }

  const files = certificateFiles(config).flatMap((each): CertificateInUse[] => {
    const certificate = activeIn(each);
    const { role, path, file } = each;
    return certificate === undefined ? [] : [{ role, key: formatPath(path), file, ...certificate }];
  });
  const presented = [...upstreams].flatMap(([name, certificates]): CertificateInUse[] => {
    if (certificates.presented === undefined) return [];
    const key = formatPath(['services', name, 'upstream']);
    return [{ role: 'upstream', key, file: undefined, ...certificates.presented }];
  });
  return [...files, ...presented];
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
