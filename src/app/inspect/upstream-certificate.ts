import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { Config } from '../../config/index.ts';

const DEADLINE = 5_000;

type Upstream = Config['services'][number]['upstream'];

/** The certificate that the upstream presents; undefined without TLS. Rejects if the handshake fails. */
export async function upstreamCertificate({
  url,
  caFile,
  serverName,
  clientCertificate,
}: Upstream): Promise<X509Certificate | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return undefined;
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  const socket = connect({
    host,
    port: port === '' ? 443 : Number(port),
    ...(name === undefined ? {} : { servername: name }),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(clientCertificate === undefined
      ? {}
      : { cert: readFileSync(clientCertificate.certFile), key: readFileSync(clientCertificate.keyFile) }),
  });
  try {
    return await new Promise<X509Certificate | undefined>((resolve, reject) => {
      socket.once('secureConnect', () => resolve(socket.getPeerX509Certificate()));
      socket.once('error', reject);
      socket.setTimeout(DEADLINE, () => reject(new Error('no TLS handshake in 5 s')));
    });
  } finally {
    socket.destroy();
  }
}
