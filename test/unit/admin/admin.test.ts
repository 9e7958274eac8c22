import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAdmin, type Admin, type AdminPorts } from '../../../src/admin/index.ts';
import { Secret } from '../../../src/core/secret.ts';
import { recordingLog } from '../../support/audit-events.ts';
import { emptyRevocations } from '../../support/state.ts';

const revocations = await emptyRevocations();
const running: Admin[] = [];
afterEach(async () => {
  for (const admin of running.splice(0)) await admin.stop();
});

function ports(changes: Partial<AdminPorts> = {}): AdminPorts {
  return {
    ready: () => ({ ready: true, checks: [{ name: 'issuer gitlab', ok: true }] }),
    metrics: () => Promise.resolve({ body: 'up 1\n', contentType: 'text/plain; version=0.0.4' }),
    status: () => ({ version: '1.2.3' }),
    revocations,
    clock: { now: Date.now },
    names: () => ({ issuers: ['gitlab'], identities: [], deployTokens: [], workloads: new Map() }),
    log: recordingLog(),
    ...changes,
  };
}

async function start(
  changes: Partial<AdminPorts> = {},
  settings: { listen?: string; token?: () => Secret } = {},
): Promise<string> {
  const admin = createAdmin({ listen: '127.0.0.1:0', ...settings }, ports(changes));
  running.push(admin);
  const { port } = await admin.start();
  return `http://127.0.0.1:${port}`;
}

test('livez says ok whatever readiness says', async () => {
  const base = await start({ ready: () => ({ ready: false, checks: [] }) });
  const response = await fetch(`${base}/livez`);
  expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
});

test('readyz says why not', async () => {
  let ready = false;
  const base = await start({
    ready: () => ({ ready, checks: [{ name: 'issuer gitlab', ok: ready, detail: 'no keys yet' }] }),
  });
  const before = await fetch(`${base}/readyz`);
  expect(before.status).toBe(503);
  expect(await before.json()).toEqual({
    ready: false,
    checks: [{ name: 'issuer gitlab', ok: false, detail: 'no keys yet' }],
  });
  ready = true;
  expect((await fetch(`${base}/readyz`)).status).toBe(200);
});

test.each([
  ['/livez', 'text/plain;charset=UTF-8'],
  ['/readyz', 'application/json'],
  ['/metrics', 'text/plain; version=0.0.4'],
  ['/status', 'application/json'],
])('%s has the same response for each spelling of the path', async (path, contentType) => {
  const base = await start();
  for (const url of [`${base}${path}`, `${base}${path}?full`, `${base}/%${toHex(path[1])}${path.slice(2)}`]) {
    const { status, headers } = await fetch(url);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-type')).toBe(contentType);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(url, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  }
});

function toHex(letter = ''): string {
  return letter.charCodeAt(0).toString(16);
}

test('HEAD has the Content-Length of GET', async () => {
  const base = await start();
  for (const path of ['/livez', '/readyz', '/metrics', '/status']) {
    const { headers } = await fetch(`${base}${path}`, { method: 'HEAD' });
    const body = await (await fetch(`${base}${path}`)).arrayBuffer();
    expect(headers.get('content-length')).toBe(String(body.byteLength));
  }
});

test('a fault of a probe is a 500', async () => {
  const log = recordingLog();
  const ready = (): never => {
    throw new TypeError('canary-detail');
  };
  const base = await start({ ready, log });
  const response = await fetch(`${base}/readyz`);
  expect([response.status, await response.json()]).toEqual([
    500,
    { error: 'internal_error', message: 'See the log of the gateway.' },
  ]);
  expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { path: '/readyz', error: 'TypeError' } });
  expect(JSON.stringify(log.lines)).not.toContain('canary-detail');
});

test('metrics and status', async () => {
  const base = await start();
  const metrics = await fetch(`${base}/metrics`);
  expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(metrics.headers.get('cache-control')).toBe('no-store');
  expect(await metrics.text()).toBe('up 1\n');
  expect(await (await fetch(`${base}/status`)).json()).toEqual({ version: '1.2.3' });
  const head = await fetch(`${base}/metrics`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('unknown paths and methods', async () => {
  const base = await start();
  const missing = await fetch(`${base}/livez/`);
  expect([missing.status, await missing.json()]).toEqual([
    404,
    expect.objectContaining({ error: 'not_found' }),
  ]);
  const post = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect(await post.json()).toMatchObject({ error: 'method_not_allowed' });
});

test('a failure inside is a 500 without details, in the answer and in the log', async () => {
  const log = recordingLog();
  const base = await start({ metrics: () => Promise.reject(new TypeError('canary-detail')), log });
  const response = await fetch(`${base}/metrics`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('canary-detail');
  expect(JSON.stringify(log.lines)).not.toContain('canary-detail');
  expect(log.lines.at(-1)).toMatchObject({
    level: 'error',
    fields: { path: '/metrics', error: 'TypeError' },
  });
});

test('a port that is in use: the message says which and what to do', async () => {
  const squatter = createServer();
  const port = await new Promise<number>((resolve) => {
    squatter.listen(0, '127.0.0.1', () => {
      const address = squatter.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  try {
    const admin = createAdmin({ listen: `127.0.0.1:${port}` }, ports());
    await expect(admin.start()).rejects.toMatchObject({
      code: 'startup_failed',
      message: `admin listener: 127.0.0.1:${port} is in use; stop what listens there, or set server.admin.listen`,
    });
    await admin.stop();
  } finally {
    squatter.close();
  }
});

test.each([
  ['192.0.2.1:0', 'is no address of this machine'],
  ['127.0.0.1:99999', 'has no port up to 65535'],
])('an unavailable address: %s', async (listen, message) => {
  const attempt = async () => createAdmin({ listen, token: () => new Secret('t') }, ports()).start();
  await expect(attempt()).rejects.toMatchObject({
    code: 'startup_failed',
    message: expect.stringContaining(message) as string,
  });
});

test('stop: new connections are refused, also while a client keeps one alive', async () => {
  const base = await start();
  await (await fetch(`${base}/livez`)).text();
  await running.splice(0)[0]?.stop();
  await expect(fetch(`${base}/livez`)).rejects.toThrow();
});

test('the globals of the process stay its own', async () => {
  const [before, response] = [globalThis.Request, globalThis.Response];
  await fetch(`${await start()}/livez`);
  expect(globalThis.Request).toBe(before);
  expect(globalThis.Response).toBe(response);
});
