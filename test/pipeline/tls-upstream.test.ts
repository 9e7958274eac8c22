/** Who an upstream must be and who we are to it (threats K7): names, client certificates, and their renewal. */
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { beforeAll, expect } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { needs } from '../support/needs.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

needs('openssl').describe('TLS to upstreams', () => {
  const { test } = needs('openssl');
  let ours: Authority;
  let theirs: Authority;
  beforeAll(() => {
    ours = createAuthority('ours');
    theirs = createAuthority('theirs');
  });

  /** Notes of each request the name that was asked for and the serial number of the client's certificate. */
  async function tlsUpstream(name: string, options: ServerOptions = {}) {
    const seen: { readonly name: string | false | undefined; readonly serial: string | undefined }[] = [];
    const server = createServer({ ...ours.issue(name), ...options });
    const upstream = keep(
      await startHttpUpstream((req, res) => {
        const socket = req.socket as TLSSocket & { servername?: string | false };
        seen.push({ name: socket.servername, serial: socket.getPeerCertificate().serialNumber });
        res.end('ok');
      }, server),
    );
    return { seen, url: upstream.url.replace('http:', 'https:') };
  }

  const wanting = (authority: Authority): ServerOptions => ({
    requestCert: true,
    rejectUnauthorized: true,
    ca: authority.certificate,
  });
  const CLIENT = 'caFile: ca.pem, clientCertificate: { certFile: client.crt, keyFile: client.key }';
  const filesOf = ({ cert, key }: { cert: string; key: string }) => ({
    'ca.pem': ours.certificate,
    'client.crt': cert,
    'client.key': key,
  });

  test('an upstream that wants a certificate gets ours; without one, or with a foreign one, 502', async () => {
    const { url, seen } = await tlsUpstream('IP:127.0.0.1', wanting(ours));
    const good = keep(
      await startOrdersScenario(url, { upstream: CLIENT, files: filesOf(ours.issue('DNS:gateway')) }),
    );
    expect((await good.ask('GET', '/orders/x')).status).toBe(200);
    expect(seen).toHaveLength(1);
    const foreign = keep(
      await startOrdersScenario(url, { upstream: CLIENT, files: filesOf(theirs.issue('DNS:gateway')) }),
    );
    expect((await foreign.ask('GET', '/orders/x')).status).toBe(502);
    const none = keep(
      await startOrdersScenario(url, { upstream: 'caFile: ca.pem', files: { 'ca.pem': ours.certificate } }),
    );
    expect((await none.ask('GET', '/orders/x')).status).toBe(502);
    expect(seen).toHaveLength(1);
    expect(await good.gateway.check()).toContainEqual(
      expect.objectContaining({ name: 'services.orders.upstream', ok: true }),
    );
    expect(await none.gateway.check()).toContainEqual(
      expect.objectContaining({ name: 'services.orders.upstream', ok: false }),
    );
  });

  test('K7 the certificate of one service is not shown for another that goes to the same upstream', async () => {
    const { url, seen } = await tlsUpstream('IP:127.0.0.1', { ...wanting(ours), rejectUnauthorized: false });
    const scenario = keep(
      await startOrdersScenario(url, {
        upstream: CLIENT,
        files: filesOf(ours.issue('DNS:gateway')),
        services: `  open: { type: http, path: /open/, upstream: { url: "${url}/", caFile: ca.pem }, anonymous: [{ scopes: [read_api], resources: ["**"] }] }`,
      }),
    );
    await scenario.ask('GET', '/orders/x');
    await scenario.ask('GET', '/open/x');
    await scenario.ask('GET', '/orders/x');
    expect(seen.map(({ serial }) => serial !== undefined)).toEqual([true, false, true]);
  });

  test('a renewed certificate is shown from then on, and no request fails meanwhile', async () => {
    const { url, seen } = await tlsUpstream('IP:127.0.0.1', wanting(ours));
    const scenario = keep(
      await startOrdersScenario(url, { upstream: CLIENT, files: filesOf(ours.issue('DNS:gateway')) }),
    );
    await scenario.ask('GET', '/orders/x');
    const [before] = seen;
    const next = ours.issue('DNS:gateway');
    replaceFile(scenario.folder, 'client.crt', next.cert);
    replaceFile(scenario.folder, 'client.key', next.key);
    await eventually(
      'the new one is shown',
      async () => {
        const { status } = await scenario.ask('GET', '/orders/x');
        expect(status).toBe(200);
        return seen.at(-1)?.serial !== before?.serial;
      },
      15_000,
    );
  });

  test('a reload that changes only the TLS files of an upstream applies to the next request', async () => {
    const { url, seen } = await tlsUpstream('IP:127.0.0.1', wanting(ours));
    const { cert, key } = ours.issue('DNS:gateway');
    const scenario = keep(
      await startOrdersScenario(url, {
        upstream: CLIENT,
        files: {
          ...filesOf(ours.issue('DNS:gateway')),
          'next.crt': cert,
          'next.key': key,
          'foreign.pem': theirs.certificate,
        },
      }),
    );
    const status = async (): Promise<number> => (await scenario.ask('GET', '/orders/x')).status;
    expect(await status()).toBe(200);
    expect(await scenario.reload((yaml) => yaml.replace(/client\.(crt|key)/g, 'next.$1'))).toBe(true);
    expect(await status()).toBe(200);
    const serials = seen.map(({ serial }) => serial);
    expect(new Set(serials).size).toBe(2);
    // A connection that was opened under the previous authority serves no request.
    expect(await scenario.reload((yaml) => yaml.replace('caFile: ca.pem', 'caFile: foreign.pem'))).toBe(true);
    expect(await status()).toBe(502);
    expect(seen).toHaveLength(2);
  });

  test('a CA that is no longer trusted ends its connections, and a renewed one is used, without a reload', async () => {
    const { url, seen } = await tlsUpstream('IP:127.0.0.1');
    const scenario = keep(
      await startOrdersScenario(url, { upstream: 'caFile: ca.pem', files: { 'ca.pem': ours.certificate } }),
    );
    const becomes = (status: number) =>
      eventually(`status ${status}`, async () => (await scenario.ask('GET', '/orders/x')).status === status);
    await becomes(200);
    replaceFile(scenario.folder, 'ca.pem', theirs.certificate);
    await becomes(502);
    const before = seen.length;
    expect((await scenario.ask('GET', '/orders/x')).status).toBe(502);
    expect(seen).toHaveLength(before);
    replaceFile(scenario.folder, 'ca.pem', ours.certificate);
    await becomes(200);
  });

  for (const [what, name, status] of [
    ['the name that is configured', 'DNS:orders.internal', 200],
    ['the name in the URL instead', 'DNS:localhost', 502],
  ] as const) {
    test(`K7 serverName: a certificate of ${what}: ${status}`, async () => {
      const { url, seen } = await tlsUpstream(name);
      const scenario = keep(
        await startOrdersScenario(url.replace('127.0.0.1', 'localhost'), {
          upstream: 'caFile: ca.pem, serverName: orders.internal, hostHeader: client',
          files: { 'ca.pem': ours.certificate },
        }),
      );
      expect((await scenario.ask('GET', '/orders/x')).status).toBe(status);
      expect(seen.map((each) => each.name)).toEqual(status === 200 ? ['orders.internal'] : []);
    });
  }
});

/** As a tool that renews certificates does. */
function replaceFile(folder: string, name: string, content: string): void {
  writeFileSync(join(folder, `${name}.new`), content, { mode: 0o600 });
  renameSync(join(folder, `${name}.new`), join(folder, name));
}
