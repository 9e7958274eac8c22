/** TLS on both sides (threats K7): private authorities, wrong ones, wrong names, and the listener's own certificate. */
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer, request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { beforeAll, expect } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { needs } from '../support/needs.ts';
import { openSocket, rawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

needs('openssl').describe('TLS', () => {
  const { test } = needs('openssl');
  let ours: Authority;
  let theirs: Authority;
  beforeAll(() => {
    ours = createAuthority('ours');
    theirs = createAuthority('theirs');
  });

  async function tlsUpstream(authority: Authority, ...names: string[]) {
    const seen: string[] = [];
    const server = createTlsServer(authority.issue(...names));
    let accepted = 0;
    server.on('secureConnection', () => (accepted += 1));
    const upstream = await startHttpUpstream((req, res) => {
      seen.push(`${req.url} ${String(req.headers['x-auth-identity'])} ${req.httpVersion}`);
      res.end('ok');
    }, server);
    keep(upstream);
    return { seen, accepted: () => accepted, url: upstream.url.replace('http:', 'https:') };
  }

  const TRUST = { upstream: 'caFile: ca.pem' };

  test('K7 an upstream of a private authority that the service names: 200', async () => {
    const { url, seen } = await tlsUpstream(ours, 'IP:127.0.0.1');
    const scenario = keep(
      await startOrdersScenario(url, { ...TRUST, files: { 'ca.pem': ours.certificate } }),
    );
    expect(await scenario.ask('GET', '/orders/x')).toMatchObject({ status: 200 });
    expect(seen).toEqual(['/x payments 1.1']);
  });

  test('K7 the same by name; another name of that machine is not it', async () => {
    const { url } = await tlsUpstream(ours, 'DNS:localhost');
    const files = { 'ca.pem': ours.certificate };
    const named = keep(await startOrdersScenario(url.replace('127.0.0.1', 'localhost'), { ...TRUST, files }));
    expect(await named.ask('GET', '/orders/x')).toMatchObject({ status: 200 });
    const numbered = keep(await startOrdersScenario(url, { ...TRUST, files }));
    expect(await numbered.ask('GET', '/orders/x')).toMatchObject({ status: 502 });
  });

  for (const [name, issuer, names, options] of [
    ['an untrusted authority', () => ours, 'IP:127.0.0.1', {}],
    ['another authority than the named one', () => theirs, 'IP:127.0.0.1', TRUST],
    ['another name', () => ours, 'DNS:other.example.com', TRUST],
    [
      'the name that the client asked for',
      () => ours,
      'DNS:gateway.example.com',
      { upstream: `${TRUST.upstream}, hostHeader: client` },
    ],
  ] as const) {
    test(`K7 an upstream with a certificate of ${name}: 502, and it reads nothing`, async () => {
      const { url, seen } = await tlsUpstream(issuer(), names);
      const scenario = keep(
        await startOrdersScenario(url, { ...options, files: { 'ca.pem': ours.certificate } }),
      );
      const answer = await scenario.ask('GET', '/orders/x');
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'upstream_unreachable' });
      expect(seen).toEqual([]);
    });
  }

  test('K7 the Host of the client, where it is passed on, opens no new connection', async () => {
    const { url, seen, accepted } = await tlsUpstream(ours, 'IP:127.0.0.1');
    const upstream = `${TRUST.upstream}, hostHeader: client`;
    const scenario = keep(
      await startOrdersScenario(url, { upstream, files: { 'ca.pem': ours.certificate } }),
    );
    for (const host of ['a.example.com', 'b.example.com', 'a.example.com']) {
      const head = scenario
        .head('GET', '/orders/x', 'Connection: close')
        .replace('gateway.example.com', host);
      expect((await rawResponse(scenario.port, head, { quiet: 5_000 })).status).toBe(200);
    }
    expect(seen).toHaveLength(3);
    expect(accepted()).toBe(1);
  });

  test('K7 two services to one upstream under two authorities share no connection', async () => {
    const { url, seen } = await tlsUpstream(ours, 'IP:127.0.0.1');
    const scenario = keep(
      await startOrdersScenario(url, {
        ...TRUST,
        files: { 'ca.pem': ours.certificate, 'other.pem': theirs.certificate },
        services: `  open: { type: http, path: /open/, upstream: { url: "${url}/", caFile: other.pem }, anonymous: [{ scopes: [read_api], resources: ["**"] }] }`,
      }),
    );
    expect((await scenario.ask('GET', '/orders/x')).status).toBe(200);
    expect((await scenario.ask('GET', '/open/x')).status).toBe(502);
    expect(seen).toHaveLength(1);
  });

  test('the CA file changes: the new authority counts, without a restart', async () => {
    const { url } = await tlsUpstream(theirs, 'IP:127.0.0.1');
    const scenario = keep(
      await startOrdersScenario(url, { ...TRUST, files: { 'ca.pem': ours.certificate } }),
    );
    expect((await scenario.ask('GET', '/orders/x')).status).toBe(502);
    replace(scenario.folder, 'ca.pem', theirs.certificate);
    await eventually(
      'it is trusted',
      async () => (await scenario.ask('GET', '/orders/x')).status === 200,
      15_000,
    );
  });

  test('the listener: HTTPS for clients that trust its authority; plain HTTP gets nothing', async () => {
    const upstream = keep(await startRecordingUpstream());
    const { cert, key } = ours.issue('DNS:gateway.example.com');
    const scenario = keep(
      await startOrdersScenario(upstream.url, {
        server: 'tls: { certFile: tls.crt, keyFile: tls.key }',
        files: { 'tls.crt': cert, 'tls.key': key },
      }),
    );
    expect(await get(scenario, '/orders/x', ours)).toBe(200);
    expect(upstream.requests()[0]?.headers.get('x-forwarded-proto')).toEqual(['https']);
    await expect(get(scenario, '/orders/x', theirs)).rejects.toThrow(/certificate/);
    await expect(fetch(`${scenario.url}/orders/x`)).rejects.toThrow();
    expect(upstream.requests()).toHaveLength(1);
    expect(await get(scenario, '/orders/x', ours)).toBe(200);
  });

  test('the listener: a renewed certificate counts for new connections; a torn pair does not', async () => {
    const upstream = keep(await startRecordingUpstream());
    const first = ours.issue('DNS:gateway.example.com');
    const scenario = keep(
      await startOrdersScenario(upstream.url, {
        server: 'tls: { certFile: tls.crt, keyFile: tls.key }',
        files: { 'tls.crt': first.cert, 'tls.key': first.key },
      }),
    );
    const before = await serial(scenario.port);
    const second = ours.issue('DNS:gateway.example.com');
    replace(scenario.folder, 'tls.crt', second.cert);
    expect(await serial(scenario.port)).toBe(before);
    replace(scenario.folder, 'tls.key', second.key);
    await eventually('the new certificate', async () => (await serial(scenario.port)) !== before, 15_000);
    expect(await get(scenario, '/orders/x', ours)).toBe(200);
  });

  test('the listener: a connection without a handshake does not delay the shutdown', async () => {
    const upstream = keep(await startRecordingUpstream());
    const { cert, key } = ours.issue('DNS:gateway.example.com');
    const scenario = await startOrdersScenario(upstream.url, {
      server: 'tls: { certFile: tls.crt, keyFile: tls.key }',
      files: { 'tls.crt': cert, 'tls.key': key },
    });
    expect(await get(scenario, '/orders/x', ours)).toBe(200);
    const silent = await openSocket(scenario.port);
    const kept = connect({ host: '127.0.0.1', port: scenario.port, rejectUnauthorized: false });
    await once(kept, 'secureConnect');
    const began = performance.now();
    await Promise.all([scenario.close(), once(silent, 'close'), once(kept, 'close')]);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

/** Like certificate tools: writes a temporary file, then renames it. */
function replace(folder: string, name: string, content: string): void {
  writeFileSync(join(folder, `${name}.new`), content, { mode: 0o600 });
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function get(scenario: { port: number; token: string }, path: string, trusted: Authority): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: scenario.port,
        path,
        servername: 'gateway.example.com',
        ca: trusted.certificate,
        agent: false,
        headers: { Host: 'gateway.example.com', Authorization: `Bearer ${scenario.token}` },
      },
      (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      },
    );
    call.once('error', reject);
    call.end();
  });
}

function serial(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      resolve(serialNumber);
    });
    socket.once('error', reject);
  });
}
