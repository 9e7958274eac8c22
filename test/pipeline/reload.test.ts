/** Reloads are atomic, under traffic too (threats K3, C6). */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { parseResponses } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startReloadScene } from '../support/scenario/reload.ts';

const keep = cleanUp();
const scene = async (files = {}) => keep(await startReloadScene(files));

const NARROW = (yaml: string): string => yaml.replace('scopes: [read_api, write_api]', 'scopes: [write_api]');

describe('effects of a reload', () => {
  test('C6 a policy change applies to the next request, on open connections too', async () => {
    const { gateway, get, token } = await scene();
    const kept = await openConversation(gateway.port);
    const ask = (): void =>
      kept.write(`GET /orders/a HTTP/1.1\r\nHost: a.example.com\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    ask();
    await eventually('the first answer', () => parseResponses(kept.received()).length === 1);
    expect(await gateway.reload(NARROW)).toBe(true);
    ask();
    expect(await get('/orders/a')).toEqual([403, 'scope_not_granted']);
    await eventually('the second answer', () => parseResponses(kept.received()).length === 2);
    expect(parseResponses(kept.received()).map(({ status }) => status)).toEqual([200, 403]);
    kept.destroy();
    expect(await gateway.reload((yaml) => yaml.replace('scopes: [write_api]', 'scopes: [read_api]'))).toBe(
      true,
    );
    expect(await get('/orders/a')).toEqual([200, 'ok']);
  });

  test('C6 an identity, an issuer, a service that is gone: 403, 401, 404 on the next request', async () => {
    const { gateway, get, issuer } = await scene();
    expect(await get('/orders/a')).toEqual([200, 'ok']);
    await gateway.reload((yaml) => yaml.replace('project_id: "20"', 'project_id: "21"'));
    expect(await get('/orders/a')).toEqual([403, 'no_matching_identity']);
    const elsewhere = (yaml: string): string =>
      yaml.replace('project_id: "21"', 'project_id: "20"').replace(issuer.url, 'https://gitlab.example.com');
    await gateway.reload(elsewhere);
    expect(await get('/orders/a')).toEqual([401, 'issuer_unknown']);
    await gateway.reload((yaml) => yaml.replace('path: /orders/', 'path: /bills/'));
    expect(await get('/orders/a')).toEqual([404, 'no_service']);
  });

  test('K3 zero rules: everything is refused', async () => {
    const { gateway, get, upstream } = await scene();
    expect(await get('/orders/a')).toEqual([200, 'ok']);
    upstream.reset();
    expect(await gateway.reload((yaml) => yaml.slice(0, yaml.indexOf('issuers:')))).toBe(true);
    expect(await get('/orders/a')).toEqual([404, 'no_service']);
    const without = (yaml: string): string => yaml.replace(/identities:[^]*services:/, 'services:');
    await gateway.reload((yaml) => yaml + ISSUERLESS(upstream.url));
    expect(await get('/orders/a')).toEqual([401, 'issuer_unknown']);
    await gateway.reload(without);
    expect(upstream.bytes()).toBe('');
  });

  test('the listener: trusted proxies and the number of headers count at once', async () => {
    const { gateway, get } = await scene();
    await get('/orders/a');
    const headers = { 'X-Forwarded-For': '192.0.2.7' };
    await fetch(`${gateway.url}/orders/a`, { headers });
    await gateway.reload((yaml) => yaml.replace('server:\n', 'server:\n  trustedProxies: [127.0.0.1]\n'));
    await fetch(`${gateway.url}/orders/a`, { headers });
    const events = await gateway.audit(3);
    expect(events.map(({ client }) => (client as { address: string }).address)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '192.0.2.7',
    ]);
    await gateway.reload((yaml) => yaml.replace('drain: 500ms', 'drain: 500ms, headerCount: 4'));
    expect((await fetch(`${gateway.url}/orders/a`, { headers })).status).toBe(431);
  });

  test('the admin listener: its token, and the names that can be revoked', async () => {
    const { gateway } = await scene({ 'admin.token': 'first-token-0123456789abcdef\n' });
    const post = (identity: string, token?: string): Promise<Response> =>
      fetch(`${gateway.adminUrl}/revocations`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ identity, reason: 'test' }),
      });
    const unknown = await post('billing');
    expect([unknown.status, await unknown.text()]).toEqual([201, expect.stringContaining('"warning"')]);
    await gateway.reload((yaml) =>
      yaml.replace('  payments:\n', '  billing:\n').replace('admin: {', 'admin: { tokenFile: admin.token,'),
    );
    expect((await post('billing')).status).toBe(401);
    const known = await post('billing', 'first-token-0123456789abcdef');
    expect([known.status, await known.text()]).toEqual([201, expect.not.stringContaining('"warning"')]);
    await gateway.reload((yaml) => yaml.replace('tokenFile: admin.token,', ''));
    expect((await post('billing')).status).toBe(201);
  });
});

const privateKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString();

const ISSUERLESS = (url: string): string =>
  `services: { orders: { type: http, path: /orders/, upstream: { url: "${url}/" } } }\n`;

test('signing keys: another file is another key at once; one that cannot be used changes nothing', async () => {
  const { gateway } = await scene({ 'signing.pem': privateKey(), 'broken.pem': 'no key' });
  const kid = async (): Promise<string | undefined> => {
    const { keys } = (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[];
    };
    return keys[0]?.kid;
  };
  const generated = await kid();
  expect(await gateway.reload((yaml) => `${yaml}signing: { keys: [{ file: signing.pem }] }\n`)).toBe(true);
  const fromFile = await kid();
  expect(fromFile).not.toBe(generated);
  expect(await gateway.reload((yaml) => yaml.replace('signing.pem', 'broken.pem'))).toBe(false);
  expect(await kid()).toBe(fromFile);
  expect(await gateway.reload((yaml) => yaml.replace(/signing: .*\n/, ''))).toBe(true);
  expect(await kid()).toBe(generated);
});

describe('requests in flight', () => {
  test('an upload and a download end where they began; the next request goes to the new upstream', async () => {
    const { gateway, upstream, token, get } = await scene();
    const next = keep(await startRecordingUpstream());
    const head = (method: string, ...lines: string[]): string =>
      [
        `${method} /orders/${method} HTTP/1.1`,
        'Host: a.example.com',
        `Authorization: Bearer ${token}`,
        ...lines,
        '',
        '',
      ].join('\r\n');
    const upload = await openConversation(gateway.port);
    upload.write(`${head('PUT', 'Content-Length: 10')}01234`);
    await eventually('it is there', () => upstream.bytes().endsWith('01234'));
    let finish = (): void => undefined;
    upstream.respond((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun');
      finish = () => void socket.write('-ends');
    });
    const download = await openConversation(gateway.port);
    download.write(head('GET'));
    await eventually('it has begun', () => download.received().endsWith('begun'));

    expect(await gateway.reload((yaml) => yaml.replace(upstream.url, next.url))).toBe(true);
    expect(await get('/orders/new')).toEqual([200, 'ok']);
    expect(next.requests().map(({ requestLine }) => requestLine)).toEqual(['GET /new HTTP/1.1']);
    expect(upstream.open()).toBe(2);

    finish();
    await eventually('the download is whole', () => download.received().endsWith('begun-ends'));
    upstream.respond('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    upload.write('56789');
    await eventually('the upload is answered', () => upload.received().includes('\r\n\r\n'));
    expect(parseResponses(upload.received())[0]?.status).toBe(201);
    expect(upstream.requests().find(({ requestLine }) => requestLine.startsWith('PUT'))?.body).toBe(
      '0123456789',
    );
    await eventually('the old connections are closed', () => upstream.open() === 0);
    upload.destroy();
    download.destroy();
  });

  test('traffic notices nothing of reloads that change its own service again and again', async () => {
    const { gateway, upstream, get } = await scene();
    let going = true;
    const answers: (readonly [number, string | undefined])[] = [];
    const traffic = Array.from({ length: 8 }, async () => {
      while (going) answers.push(await get('/orders/a'));
    });
    for (let n = 0; n < 40; n++) {
      const seen = answers.length;
      await gateway.reload((yaml) =>
        yaml.replace(/http, (keepCookies: \w+, )?path/, `http, keepCookies: ${n % 2 === 0}, path`),
      );
      await eventually('traffic', () => answers.length > seen);
    }
    going = false;
    await Promise.all(traffic);
    expect(answers.filter(([status]) => status !== 200)).toEqual([]);
    expect(upstream.accepted()).toBeGreaterThanOrEqual(40);
    await eventually('connections of one generation are left', () => upstream.open() <= 8);
  });

  test('a request that waits for keys is decided by the policy that it came to, and served as that says', async () => {
    const { gateway, issuer, upstream, get } = await scene();
    await get('/orders/warm');
    upstream.reset();
    const next = keep(await startRecordingUpstream());
    const fetches = issuer.requests.jwks;
    const fetched = Promise.withResolvers<void>();
    issuer.rotate({ keepOld: true });
    issuer.faults.jwks = { kind: 'wait', until: fetched.promise };
    const late = get('/orders/late', issuer.mint({ project_id: '20' }));
    await eventually('the key is asked for', () => issuer.requests.jwks === fetches + 1);
    await gateway.reload((yaml) => NARROW(yaml).replace(upstream.url, next.url));
    expect(await get('/orders/a')).toEqual([403, 'scope_not_granted']);
    fetched.resolve();
    expect(await late).toEqual([200, 'ok']);
    expect(upstream.requests().map(({ requestLine }) => requestLine)).toEqual(['GET /late HTTP/1.1']);
    expect(next.bytes()).toBe('');
    await eventually('the old connection is closed', () => upstream.open() === 0);
  });
});
