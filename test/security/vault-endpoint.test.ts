/** An unreachable, stalling, faulty or hostile vault: 502 or 403, a log line, and no secret in any output. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Canaries } from '../support/canaries.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { reasonOf } from '../support/scenario/attack.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

/** A reserved port, so that no server of another test listens there. */
const CLOSED = 'http://127.0.0.1:1';

const canaries = new Canaries();
const JWT = canaries.make('jwt');
const TOKEN = canaries.make('vault token');
const SECRET = canaries.make('secret');
const ELSEWHERE = canaries.make('said by the vault');

type Behaviour = (req: IncomingMessage, res: ServerResponse) => void;

const json =
  (status: number, body: unknown): Behaviour =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const drip: Behaviour = (_req, res) => {
  res.writeHead(200);
  const timer = setInterval(() => res.write(' '), 50);
  res.on('close', () => clearInterval(timer));
};
const cut: Behaviour = (req) => req.socket.destroy();
const redirect: Behaviour = (_req, res) => res.writeHead(307, { location: '/good/v1/secret/data/a' }).end();

const auth = { client_token: TOKEN, lease_duration: 3600, renewable: true };
const granted = json(200, { auth });
const secret = (data: unknown, more = {}): unknown => ({ lease_id: '', lease_duration: 0, data, ...more });
const version2 = (token: unknown): unknown => secret({ data: { token }, metadata: { version: 1 } });
const found = json(200, version2(SECRET));

interface Fault {
  readonly login?: Behaviour;
  readonly read?: Behaviour;
  readonly reason: string;
  readonly detail: RegExp;
}

const login = (behaviour: Behaviour, reason: string, detail: RegExp): Fault => ({
  login: behaviour,
  reason,
  detail,
});
const read = (behaviour: Behaviour, reason: string, detail: RegExp): Fault => ({
  read: behaviour,
  reason,
  detail,
});
const UNUSABLE = /one line of printable ASCII$/;

const FAULTS: Readonly<Record<string, Fault>> = {
  'login hangs': login(() => undefined, 'upstream_unreachable', /no answer within 5000 ms/),
  'login drips': login(drip, 'upstream_unreachable', /no answer within 5000 ms/),
  'login cuts': login(cut, 'upstream_unreachable', /the vault: /),
  'login redirects': login(redirect, 'upstream_invalid', /with 307 and no token$/),
  'login is garbage': login(json(200, `<html>${ELSEWHERE}`), 'upstream_invalid', /with 200 and no token$/),
  'login is huge': login(json(200, 'x'.repeat(300_000)), 'upstream_unreachable', /longer than/),
  'login has no token': login(json(200, { auth: {} }), 'upstream_invalid', /no usable token$/),
  'login splits a header': login(
    json(200, { auth: { ...auth, client_token: `${TOKEN}\r\nX: y` } }),
    'upstream_invalid',
    /no usable token$/,
  ),
  'login names a member twice': login(
    json(200, `{"auth":${JSON.stringify(auth)},"auth":{"client_token":"x"}}`),
    'upstream_invalid',
    /no token$/,
  ),
  'login has an odd lifetime': login(
    json(200, { auth: { ...auth, lease_duration: '1e9' } }),
    'upstream_invalid',
    /no usable lease_duration$/,
  ),
  'login is refused': login(json(400, { errors: [ELSEWHERE] }), 'upstream_unauthorized', /at jwt with 400$/),
  'login is limited': login(
    json(429, { errors: [ELSEWHERE] }),
    'upstream_unreachable',
    /429: its rate limit/,
  ),
  'vault is sealed': login(json(503, { errors: [ELSEWHERE] }), 'upstream_unreachable', /503: it is sealed/),
  hangs: read(() => undefined, 'upstream_unreachable', /no answer within 5000 ms/),
  drips: read(drip, 'upstream_unreachable', /no answer within 5000 ms/),
  cuts: read(cut, 'upstream_unreachable', /the vault: /),
  redirects: read(redirect, 'upstream_invalid', /with 307 and no secret$/),
  fails: read(json(500, { errors: [ELSEWHERE] }), 'upstream_unreachable', /responded with 500$/),
  'is limited': read(json(429, ''), 'upstream_unreachable', /429: its rate limit/),
  'is garbage': read(json(200, `<html>${ELSEWHERE}`), 'upstream_invalid', /with 200 and no secret$/),
  'is huge': read(json(200, version2('x'.repeat(300_000))), 'upstream_unreachable', /longer than/),
  'is too long': read(json(200, version2('x'.repeat(20_000))), 'upstream_invalid', UNUSABLE),
  'is a list': read(json(200, secret([SECRET])), 'upstream_invalid', /no secret$/),
  'names a member twice': read(
    json(200, `{"data":{"token":"${SECRET}","token":"x"}}`),
    'upstream_invalid',
    /no secret$/,
  ),
  'has an odd lease': read(
    json(200, secret({ token: SECRET }, { lease_duration: -1 })),
    'upstream_invalid',
    /no usable lease_duration$/,
  ),
  'splits a header': read(
    json(200, version2(`${SECRET}\r\nX-Auth-Identity: admin`)),
    'upstream_invalid',
    UNUSABLE,
  ),
  'is not ASCII': read(json(200, version2(`${SECRET}é`)), 'upstream_invalid', UNUSABLE),
  'is empty': read(json(200, version2('')), 'upstream_invalid', UNUSABLE),
  'is a number': read(json(200, version2(1)), 'upstream_invalid', UNUSABLE),
  'inherits a field': read(
    json(200, version2(undefined)),
    'upstream_credential_missing',
    /no field "token"$/,
  ),
  'is absent': read(json(404, { errors: [] }), 'upstream_credential_missing', /does not exist$/),
  'is forbidden': read(
    json(403, { errors: [ELSEWHERE] }),
    'upstream_unauthorized',
    /may not read .* \(403\)$/,
  ),
};
const NAMES = Object.keys(FAULTS);
const SLOW = NAMES.filter((name) => /hangs|drips/.test(name));
const pathOf = (name: string): string => name.replaceAll(' ', '-');
const statusOf = (reason: string): number => (reason === 'upstream_credential_missing' ? 403 : 502);

let folder: string;
let vault: Server;
let upstream: RecordingUpstream;
let gateway: GatewayProcess;
const calls: string[] = [];
const behaviours = new Map<string, Behaviour>();

beforeAll(async () => {
  for (const name of [...NAMES, 'good']) {
    const fault = FAULTS[name];
    behaviours.set(`/${pathOf(name)}/v1/auth/jwt/login`, fault?.login ?? granted);
    behaviours.set(`/${pathOf(name)}/v1/secret/data/a`, fault?.read ?? found);
  }
  vault = createServer((req, res) => {
    calls.push(req.url ?? '');
    req.resume();
    req.on('end', () => behaviours.get(req.url ?? '')?.(req, res));
  });
  await new Promise<void>((resolve) => vault.listen(0, '127.0.0.1', resolve));
  upstream = await startRecordingUpstream();
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  writeFileSync(join(folder, 'jwt'), `${JWT}\n`, { mode: 0o600 });
  const base = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`;
  const service = (name: string, address: string): string => `  s-${name}:
    type: http
    path: /${name}/
    anonymous: [{ scopes: [read_api], resources: ["/**"] }]
    upstream:
      url: "${upstream.url}/"
      auth: { vault: { address: "${address}", auth: { jwt: { role: gate, tokenFile: jwt } }, path: secret/data/a, field: token } }
`;
  writeFileSync(
    join(folder, 'gatehouse.yaml'),
    `version: 1
server: { listen: "127.0.0.1:0", publicUrl: https://gateway.example.com, admin: { listen: "127.0.0.1:0" } }
services:
${[...NAMES.map(pathOf), 'good'].map((name) => service(name, `${base}/${name}`)).join('')}${service('closed', `${CLOSED}/`)}`,
  );
  gateway = await startGatewayProcess(join(folder, 'gatehouse.yaml'));
});
afterAll(async () => {
  await gateway.close();
  vault.closeAllConnections();
  await Promise.all([upstream.close(), new Promise((resolve) => vault.close(resolve))]);
  rmSync(folder, { recursive: true });
});

function ask(name: string): Promise<RawResponse> {
  const head = `GET /${name}/a HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n`;
  return rawResponse(gateway.port, head, { quiet: 10_000 });
}

function logged(name: string): readonly string[] {
  return gateway
    .log()
    .filter(
      ({ message, service, user }) =>
        (message === 'no secret for an upstream from the vault' && service === `s-${name}`) ||
        (message === 'no login at the vault' && user === `s-${name}`),
    )
    .map(({ detail }) => String(detail));
}

async function expectFault(name: string, { reason, detail }: Omit<Fault, 'login' | 'read'>): Promise<void> {
  const answers = await Promise.all([ask(name), ask(name), ask(name)]);
  for (const answer of answers) {
    expect([answer.status, reasonOf(answer)]).toEqual([statusOf(reason), reason]);
    expect(answer.headers.has('location')).toBe(false);
    expect(canaries.foundIn(answer.head + answer.body)).toEqual([]);
  }
  const lines = await eventually('the log line', () => logged(name).length > 0 && logged(name));
  expect(lines).toEqual([expect.stringMatching(detail)]);
}

test.concurrent.each(SLOW)('vault: %s', async (name) => {
  const fault = FAULTS[name];
  if (fault !== undefined) await expectFault(pathOf(name), fault);
});

test('vault: unreachable', () =>
  expectFault('closed', { reason: 'upstream_unreachable', detail: /ECONNREFUSED/ }));

test.each(NAMES.filter((name) => !SLOW.includes(name)))('vault: %s', async (name) => {
  const fault = FAULTS[name];
  if (fault === undefined) return;
  calls.length = 0;
  await expectFault(pathOf(name), fault);
  // The next request gets the same response; concurrent ones share a login and a read.
  expect((await ask(pathOf(name))).status).toBe(statusOf(fault.reason));
  const own = calls.filter((url) => url.startsWith(`/${pathOf(name)}/`));
  expect(new Set(own).size).toBe(own.length);
  expect(calls.filter((url) => url.startsWith('/good/'))).toEqual([]);
  expect(upstream.bytes()).toBe('');
});

test('the service recovers with the vault', async () => {
  behaviours.set('/fails/v1/secret/data/a', found);
  await eventually('a response', async () => (await ask('fails')).status === 200);
  expect(upstream.bytes()).toContain(`Bearer ${SECRET}`);
  expect(upstream.bytes()).not.toContain(TOKEN);
  upstream.reset();
});

test('log, audit log and metrics contain no secret', async () => {
  expect((await ask('good')).status).toBe(200);
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(metrics).toContain('reason="upstream_unauthorized"');
  const { stdout, stderr } = gateway.output();
  expect(stdout).toContain('"reason":"upstream_invalid"');
  expect(canaries.foundIn(stdout + stderr + metrics)).toEqual([]);
});
