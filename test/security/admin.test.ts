/** K4 and DNS rebinding: access to the admin listener. Raw bytes, because HTTP clients normalise. */
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAdmin, type Admin } from '../../src/admin/index.ts';
import { Secret } from '../../src/core/secret.ts';
import { recordingLog } from '../support/audit-events.ts';
import { emptyRevocations } from '../support/state.ts';

const TOKEN = 'canary-admin-token';

const revocations = await emptyRevocations();
const running: Admin[] = [];
afterEach(async () => {
  for (const admin of running.splice(0)) await admin.stop();
});

async function start(listen: string, token?: string) {
  const log = recordingLog();
  const admin = createAdmin(
    { listen, token: token === undefined ? undefined : () => new Secret(token) },
    {
      ready: () => ({ ready: true, checks: [] }),
      metrics: () => Promise.resolve({ body: 'internal 1\n', contentType: 'text/plain' }),
      status: () => ({ internal: true }),
      revocations,
      clock: { now: Date.now },
      names: () => ({ issuers: [], identities: [], deployTokens: [], workloads: new Map() }),
      log,
    },
  );
  running.push(admin);
  const { address, port } = await admin.start();
  return { port, log, host: address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address };
}

async function ask(
  to: { host: string; port: number },
  head: string,
): Promise<{ status: number; text: string }> {
  const text = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(to.port, to.host, () => socket.write(`${head}\r\nConnection: close\r\n\r\n`));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
  return { status: Number(text.split(' ')[1]), text };
}

test.each(['localhost', 'LOCALHOST:9090', '127.0.0.1', '127.0.0.1:8080', '127.1.2.3:1', '[::1]:9090'])(
  'on loopback, Host %s is answered',
  async (host) => {
    const to = await start('127.0.0.1:0');
    expect((await ask(to, `GET /metrics HTTP/1.1\r\nHost: ${host}`)).status).toBe(200);
  },
);

test.each([
  'attacker.example',
  'localhost.attacker.example',
  '127.0.0.1.attacker.example',
  'attacker.example:9090',
  '127.0.0.1@attacker.example',
  '127.0.0.1:80:80',
  '[::1].attacker.example',
  '192.0.2.1',
  '[2001:db8::1]:9090',
  '2130706433',
  '',
])('on loopback, Host "%s" is refused: DNS rebinding', async (host) => {
  const to = await start('127.0.0.1:0');
  for (const path of ['/metrics', '/status', '/readyz', '/livez', '/nothing']) {
    const { status, text } = await ask(to, `GET ${path} HTTP/1.1\r\nHost: ${host}`);
    expect([400, 421]).toContain(status);
    expect(text).not.toContain('internal 1');
  }
});

test('HTTP/1.0 without Host: probes are answered, except on loopback, and all else needs the token', async () => {
  const open = await start('0.0.0.0:0', TOKEN);
  expect((await ask(open, 'GET /readyz HTTP/1.0')).status).toBe(200);
  expect((await ask(open, 'GET /status HTTP/1.0')).status).toBe(401);
  const loopback = await start('127.0.0.1:0');
  for (const path of ['/readyz', '/status', '/metrics'])
    expect((await ask(loopback, `GET ${path} HTTP/1.0`)).status).toBe(421);
});

test('refusals and unknown paths are not stored by caches either', async () => {
  const to = await start('127.0.0.1:0', TOKEN);
  for (const [path, host] of [
    ['/status', 'localhost'],
    ['/status', 'attacker.example'],
    ['/none', 'localhost'],
  ]) {
    const { text } = await ask(to, `GET ${path} HTTP/1.1\r\nHost: ${host}`);
    expect(text.toLowerCase()).toContain('cache-control: no-store');
    expect(text.toLowerCase()).toContain('x-content-type-options: nosniff');
  }
});

test.each([
  ['application/json; charset=utf-8', 409],
  ['Application/JSON', 409],
  ['text/plain', 415],
  ['application/jsonp', 415],
])('a backup with Content-Type %s: %d', async (type, status) => {
  const to = await start('127.0.0.1:0');
  const head = `POST /state/backup HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 0`;
  expect((await ask(to, head)).status).toBe(status);
});

test('an absolute target does not replace the Host header', async () => {
  const to = await start('127.0.0.1:0');
  const { status } = await ask(to, 'GET http://localhost/metrics HTTP/1.1\r\nHost: attacker.example');
  expect(status).toBe(421);
});

test.each(['0.0.0.0:0', '[::]:0', ':0', '192.0.2.1:0', 'admin.example.com:0', '127.0.0.1.example.com:0'])(
  'off loopback (%s) without a token: no start',
  (listen) => {
    const ports = {
      ready: () => ({ ready: true, checks: [] }),
      metrics: () => Promise.resolve({ body: '', contentType: '' }),
      status: () => ({}),
      revocations,
      clock: { now: Date.now },
      names: () => ({ issuers: [], identities: [], deployTokens: [], workloads: new Map() }),
      log: recordingLog(),
    };
    expect(() => createAdmin({ listen }, ports)).toThrow(expect.objectContaining({ code: 'startup_failed' }));
  },
);

test.each(['0.0.0.0:0', '127.0.0.1:0'])(
  'with a token (%s): everything but the probes needs it',
  async (listen) => {
    const to = await start(listen, TOKEN);
    const get = (path: string, authorization?: string) =>
      ask(
        to,
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1` +
          (authorization === undefined ? '' : `\r\nAuthorization: ${authorization}`),
      );

    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);

    const bare = await get('/metrics');
    expect(bare.status).toBe(401);
    expect(bare.text.toLowerCase()).toContain('www-authenticate: bearer realm="gatehouse admin"');

    const wrong = [
      'Bearer wrong',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      'Bearer ',
      'Bearer',
      TOKEN,
      `Basic ${Buffer.from(`admin:${TOKEN}`).toString('base64')}`,
      `Bearer ${TOKEN} ${TOKEN}`,
    ];
    for (const authorization of wrong) expect((await get('/metrics', authorization)).status).toBe(401);
    for (const path of [
      '/status',
      '/nothing',
      '/livez/',
      '//livez',
      '/metrics?x=/livez',
      '/livez/../metrics',
      '/%6detrics',
    ]) {
      const { status, text } = await get(path);
      expect([path, status]).toEqual([path, 401]);
      expect(text).not.toContain('internal');
    }

    expect((await get('/metrics', `Bearer ${TOKEN}`)).status).toBe(200);
    expect((await get('/metrics', `bearer ${TOKEN}`)).status).toBe(200);
  },
);

test('a malformed Host is refused with 400, also with the token', async () => {
  const to = await start('0.0.0.0:0', TOKEN);
  for (const path of ['/metrics', '/status', '/readyz', '/revocations']) {
    for (const host of ['a b', 'user@localhost', '[::1', 'a/b']) {
      const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${TOKEN}`;
      expect([path, host, (await ask(to, head)).status]).toEqual([path, host, 400]);
    }
  }
});

test('two Authorization or Host fields are no token and no loopback Host', async () => {
  const to = await start('127.0.0.1:0', TOKEN);
  const [right, wrong] = [`Authorization: Bearer ${TOKEN}`, 'Authorization: Bearer wrong'];
  for (const path of ['/metrics', '/metrics?x', '/status', '/revocations']) {
    const head = `GET ${path} HTTP/1.1\r\nHost: localhost`;
    for (const fields of [`${right}\r\n${wrong}`, `${wrong}\r\n${right}`, `${right}\r\n${right}`]) {
      expect((await ask(to, `${head}\r\n${fields}`)).status).toBe(401);
    }
    expect((await ask(to, `${head}\r\nHost: localhost\r\n${right}`)).status).toBe(421);
  }
});

test('the attempts of a client with different tokens are counted over all spellings and paths', async () => {
  const to = await start('127.0.0.1:0', TOKEN);
  const attempt = (path: string, token: string) =>
    ask(to, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}`);
  const paths = ['/metrics', '/metrics?x', '/status', '/revocations', '/nothing'];
  for (let n = 0; n < 10; n += 1) {
    expect((await attempt(paths[n % paths.length] ?? '', `guess-${n}`)).status).toBe(401);
  }
  for (const path of paths) {
    const { status, text } = await attempt(path, TOKEN);
    expect(status).toBe(429);
    expect(text).toMatch(/^retry-after: [1-9]\d?\r$/im);
    expect(text).toContain('"too_many_requests"');
  }
  const warnings = to.log.lines.filter(({ level }) => level === 'warn');
  expect(warnings).toHaveLength(10);
});

test('the token is in no answer and in no log line', async () => {
  const to = await start('127.0.0.1:0', TOKEN);
  const { text } = await ask(to, `GET /status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}`);
  const refused = await ask(to, `GET /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}1`);
  expect(text + refused.text + JSON.stringify(to.log.lines)).not.toContain(TOKEN);
});
