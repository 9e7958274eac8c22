import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect } from 'vitest';
import { createRedirects } from '../../../../src/proxy/relay/redirects.ts';
import { recordingLog } from '../../../support/audit-events.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { cleanUp } from '../../../support/clean-up.ts';
import { startHttpUpstream } from '../../../support/http-upstream.ts';
import { needs } from '../../../support/needs.ts';

const keep = cleanUp();
const { test } = needs('openssl');

test('the client certificate is not sent to the target of a redirect', async () => {
  const authority = createAuthority('ours');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redirects-'));
  keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  /** Notes whether each request came with a certificate, and for which name. */
  const seen: string[] = [];
  async function server(name: string): Promise<string> {
    const tls = { ...authority.issue('IP:127.0.0.1', 'DNS:orders.internal'), requestCert: true };
    const upstream = await startHttpUpstream(
      (req, res) => {
        const socket = req.socket as TLSSocket & { servername?: string | false };
        const shown = socket.getPeerCertificate().serialNumber === undefined ? 'nothing' : 'a certificate';
        seen.push(`${name}: ${shown}, asked as ${String(socket.servername)}`);
        res.end();
      },
      createServer({ ...tls, ca: authority.certificate, rejectUnauthorized: false }),
    );
    keep(upstream);
    return upstream.url.replace('http:', 'https:');
  }
  const [upstream, storage] = [await server('upstream'), await server('storage')];
  const client = authority.issue('DNS:gateway');
  const redirects = createRedirects(
    'orders',
    {
      url: `${upstream}/`,
      redirectOrigins: [storage],
      caFile: write('ca', authority.certificate),
      serverName: 'orders.internal',
      clientCertificate: { certFile: write('crt', client.cert), keyFile: write('key', client.key) },
      connections: 10,
      connectionLifetime: 60_000,
      timeouts: { connect: 5_000, headers: 5_000, idle: 5_000 },
    },
    recordingLog(),
  );
  for (const origin of [upstream, storage]) {
    const hop = redirects.hop(`${origin}/a`, new URL(upstream), 'GET', []);
    if (hop.kind === 'invalid') throw new Error(hop.detail);
    await new Promise<void>((resolve, reject) => {
      hop.pool.dispatch(hop.options, {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      });
    });
  }
  redirects.close();
  expect(seen).toEqual([
    'upstream: a certificate, asked as orders.internal',
    'storage: nothing, asked as false',
  ]);
});
