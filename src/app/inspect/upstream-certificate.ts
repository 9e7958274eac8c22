import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { Config } from '../../config/index.ts';
import { certificateFacts, type Certificate } from '../../util/tls/certificates.ts';

const DEADLINE = 5_000;

type Upstream = NonNullable<Config['services'][number]['upstream']>;

export type PresentedCertificate =
  | { readonly kind: 'certificate'; readonly certificate: Certificate | undefined }
  | { readonly kind: 'failed'; readonly detail: string };

/** Reads the certificate that the upstream presents; undefined without TLS. */
export async function upstreamCertificate({
  url,
  caFile,
  serverName,
  clientCertificate,
}: Upstream): Promise<PresentedCertificate> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return { kind: 'certificate', certificate: undefined };
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
  const presented = await new Promise<PresentedCertificate>((resolve) => {
    socket.once('secureConnect', () => {
      const presented = socket.getPeerX509Certificate();
      resolve({ kind: 'certificate', certificate: presented && certificateFacts(presented) });
    });
    socket.once('error', ({ message }) => resolve({ kind: 'failed', detail: message }));
    socket.setTimeout(DEADLINE, () => resolve({ kind: 'failed', detail: 'no TLS handshake in 5 s' }));
  });
  socket.destroy();
  return presented;
}
