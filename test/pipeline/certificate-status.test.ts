/** The certificates that the gateway uses and that upstreams present in `/status`. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:https';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { needs } from '../support/needs.ts';
import { startScenario } from '../support/scenario.ts';

interface CertificateEntry {
  readonly role: string;
  readonly key: string;
  readonly file?: string;
  readonly subject: string;
  readonly expires: string;
  readonly daysLeft: number;
}

needs('openssl').describe('certificates in /status', () => {
  const { test } = needs('openssl');
  let soon: Authority;
  let later: Authority;
  beforeAll(() => {
    soon = createAuthority('soon', 2);
    later = createAuthority('later', 20);
  });

  async function scene() {
    const { cert, key } = later.issue('IP:127.0.0.1');
    const client = later.issue('DNS:gateway');
    const { gateway } = await startScenario({
      backends: {
        upstream: () =>
          startHttpUpstream((_req, res) => void res.end('ok'), createServer(soon.issue('IP:127.0.0.1'))),
      },
      files: {
        'ca.pem': soon.certificate + later.certificate,
        'tls.crt': cert,
        'tls.key': key,
        'client.crt': client.cert + soon.certificate,
        'client.key': client.key,
      },
      server: { more: ['tls: { certFile: tls.crt, keyFile: tls.key }'] },
      config: ({ upstream }) => `services:
  orders:
    type: http
    path: /orders/
    upstream:
      url: "${upstream.url.replace('http:', 'https:')}/"
      caFile: ca.pem
      clientCertificate: { certFile: client.crt, keyFile: client.key }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
    });
    async function certificates(): Promise<readonly CertificateEntry[]> {
      const response = await fetch(`${gateway.adminUrl}/status`);
      return ((await response.json()) as { certificates: CertificateEntry[] }).certificates;
    }
    async function use(): Promise<number | undefined> {
      const call = request(`${gateway.url.replace('http:', 'https:')}/orders/x`, { ca: later.certificate });
      call.end();
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    }
    return { gateway, certificates, use, file: (name: string) => join(gateway.folder, name) };
  }

  test('each file in use, and the chain of an upstream once it was connected to', async () => {
    const { certificates, use, file } = await scene();
    const listener = ['listener', 'server.tls.certFile', file('tls.crt'), 'CN=x', 19];
    // A chain ends with the certificate that expires first, a set of authorities with the one that expires last.
    const client = [
      'client',
      'services.orders.upstream.clientCertificate.certFile',
      file('client.crt'),
      'CN=soon',
      1,
    ];
    const ca = ['ca', 'services.orders.upstream.caFile', file('ca.pem'), 'CN=later', 19];
    const found = async () =>
      (await certificates())
        .map((each) => [each.role, each.key, each.file, each.subject, each.daysLeft])
        .toSorted((a, b) => String(a).localeCompare(String(b)));
    expect(await found()).toEqual([ca, client, listener]);
    expect(await use()).toBe(200);
    const presented = ['upstream', 'services.orders.upstream', undefined, expect.any(String), 1];
    expect(await found()).toEqual([ca, client, listener, presented]);
    const [first] = await certificates();
    expect(first?.expires).toBe(new Date(new X509Certificate(soon.certificate).validTo).toISOString());
  });

  test('a renewed certificate is reported once it is in use, and not while its key is missing', async () => {
    const { certificates, file } = await scene();
    const daysOf = async () => (await certificates()).find(({ role }) => role === 'listener')?.daysLeft;
    const { cert, key } = createAuthority('renewed', 90).issue('IP:127.0.0.1');
    const replace = (name: string, text: string): void => {
      writeFileSync(file(`${name}.new`), text);
      renameSync(file(`${name}.new`), file(name));
    };
    replace('tls.crt', cert);
    expect(await daysOf()).toBe(19);
    replace('tls.key', key);
    await eventually('the new pair is in use', async () => (await daysOf()) === 89);
  });
});
