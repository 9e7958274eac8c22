/** L3: the output of a real process over its whole lifetime contains no secret. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Canaries } from '../support/canaries.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { generateKey } from '../support/issuer-keys.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { exchange } from '../support/raw-client.ts';
import { OK, startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

/** Secrets of clients reach no other party; secrets of the gateway reach the upstream only. */
const clients = new Canaries();
const own = new Canaries();
const adminToken = own.make('admin token');

let folder: string;
let issuer: TestIssuer;
let upstream: RecordingUpstream;
let gateway: GatewayProcess;
beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  writeFileSync(join(folder, 'admin-token'), adminToken);
  writeFileSync(join(folder, 'password'), `${own.make('upstream password')}\n`);
  const gone = `http://127.0.0.1:${await freePort()}`;
  writeFileSync(
    join(folder, 'gatehouse.yaml'),
    `version: 1
server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0, tokenFile: admin-token }
  limits: { drain: 300ms }
logs: { level: info, access: true }
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: api, scopes: [read_api, write_api], resources: ["/ok/**"] }
      - { service: gone, scopes: [read_api], resources: ["**"] }
services:
  api:
    type: http
    path: /api/
    upstream: { url: "${upstream.url}/", auth: { basic: { username: gatehouse, passwordFile: password } } }
    anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]
  gone:
    type: http
    path: /gone/
    upstream: { url: "${gone}/", auth: { bearer: { token: "\${UPSTREAM_TOKEN}" } } }
`,
  );
  gateway = await startGatewayProcess(join(folder, 'gatehouse.yaml'), {
    UPSTREAM_TOKEN: own.make('upstream token from the environment'),
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
  rmSync(folder, { recursive: true });
});

/** Requests: header lines, request line, body. Most are wrong in some way. */
function requests(): readonly string[] {
  const { mint, mintUnsafe } = issuer;
  const good = clients.add('good token', mint());
  const secret = (what: string): string => clients.make(what);
  const tokens = [
    mint({ project_id: '99', project_path: 'stranger/app' }),
    mint({}, { lifetime: -60 }),
    mint({ aud: 'https://elsewhere.example.com' }),
    mint({ iss: 'https://elsewhere.example.com' }),
    mint({}, { key: generateKey('key-1') }),
    mint({}, { header: { kid: 'unknown' } }),
    mint({ sub: '' }),
    mintUnsafe({ alg: 'none' }, { iss: issuer.url, sub: 'x', secret: secret('claim') }),
    mintUnsafe('{"alg":"RS256","alg":"none"}', '{"sub":1'),
    `${good}x`,
    `${good}.${secret('fourth part')}`,
    secret('opaque token'),
    secret('job token form'),
  ].map((token) => clients.add('bad token', token));

  const head = (line: string, ...lines: string[]): string =>
    [line, 'Host: gateway.example.com', ...lines, 'Connection: close', '', ''].join('\r\n');
  const get = (path: string, ...lines: string[]): string => head(`GET ${path} HTTP/1.1`, ...lines);
  const bearer = `Authorization: Bearer ${good}`;

  return [
    get('/api/ok/a', bearer),
    get('/api/ok/b', `Authorization: ${clients.basic('good Basic', 'ci', good)}`),
    get('/api/denied', bearer),
    get('/gone/a', bearer),
    get('/nowhere', bearer),
    ...tokens.map((token) => get('/api/ok/a', `Authorization: Bearer ${token}`)),
    get('/api/ok/a', `Authorization: ${clients.basic('Basic user', secret('user name'), '')}`),
    get(
      '/api/ok/a',
      `Authorization: ${clients.basic('Basic', 'gitlab-ci-token', clients.make('Basic job token', 'glcbt-'))}`,
    ),
    get('/api/ok/a', `Authorization: Digest username="${secret('Digest')}"`),
    get('/api/ok/a', `Authorization: Basic %%%${secret('broken Basic')}`),
    get('/api/ok/a', `JOB-TOKEN: ${clients.make('JOB-TOKEN', 'glcbt-')}`),
    get('/api/ok/a', `Deploy-Token: ${clients.make('Deploy-Token', 'ghdt_edge_')}`),
    get('/api/ok/a', `PRIVATE-TOKEN: ${clients.make('PRIVATE-TOKEN', 'glpat-')}`),
    get('/api/ok/a', bearer, `JOB-TOKEN: ${secret('second credential')}`),
    get(
      '/api/ok/a',
      bearer,
      `Cookie: s=${secret('Cookie')}`,
      `Proxy-Authorization: Bearer ${secret('Proxy-Authorization')}`,
    ),
    get(
      '/api/ok/a',
      bearer,
      `Referer: https://u:${secret('Referer user')}@ci/?private_token=${secret('Referer')}`,
    ),
    get(`/api/ok/a?private_token=${secret('query')}`, bearer),
    get(`/api/open/a?job_token=${secret('anonymous query')}`),
    get(`/api/open/a?x=${secret('any other parameter')}`),
    get(`/api//a?access_token=${secret('query of a refused path')}`, bearer),
    get(`/api/a%00#access_token=${secret('fragment')}`, bearer),
    get(`http://u:${secret('absolute form')}@gateway.example.com/api/ok/a`, bearer),
    get(`//u:${secret('authority in the path')}@gateway.example.com/api/ok/a`, bearer),
    get('/api/ok/a', bearer).replace('Host: ', `Host: u:${secret('Host')}@`),
    head(`POST /api/ok/a HTTP/1.1`, bearer, 'Content-Length: 19') +
      secret('request body').padEnd(19).slice(0, 19),
    head(`POST /api/ok/a HTTP/1.1`, bearer, 'Transfer-Encoding: chunked') +
      `zz\r\n${secret('broken chunk')}\r\n`,
    get('/api/ok/a', `Authorization\u0001: ${secret('broken header')}`),
    get('/api/ok/a', bearer, `X-Long: ${secret('long header')}${'x'.repeat(40_000)}`),
    `${secret('no HTTP at all')}\r\n\r\n`,
  ];
}

/** What the upstream says when it is broken; each is an answer to one more good request. */
function answers(): readonly string[] {
  const secret = own.make('said by the upstream');
  const withHead = (head: string): string => `HTTP/1.1 ${head}\r\nContent-Length: 0\r\n\r\n`;
  return [
    withHead(`401 X\r\nWWW-Authenticate: Bearer realm="https://evil/${secret}"`),
    withHead(`302 X\r\nLocation: https://u:${secret}@store.example.com/?X-Signature=${secret}`),
    withHead(`099 ${secret}`),
    withHead(`200 OK\r\nTransfer-Encoding: ${secret}`),
    `${secret}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\nbroken ${secret}\r\n\r\n`,
  ];
}

test('L3 logs, errors, metrics: a life of the process holds no secret', async () => {
  const good = clients.add('good token', issuer.mint());
  const said: string[] = [];
  const all = requests();
  for (const bytes of all) said.push(await exchange(gateway.port, Buffer.from(bytes, 'latin1')));
  const broken = answers();
  for (const answer of broken) {
    upstream.respond((socket) => socket.end(answer, 'latin1'));
    said.push(
      await exchange(
        gateway.port,
        `GET /api/ok/a HTTP/1.1\r\nHost: gateway.example.com\r\nAuthorization: Bearer ${good}\r\nConnection: close\r\n\r\n`,
      ),
    );
  }
  upstream.respond(OK);
  // Every request was answered, and every kind of answer is among them.
  expect(said.filter((text) => !text.startsWith('HTTP/1.1 '))).toEqual([]);
  expect(new Set(said.map((text) => text.slice(9, 12)))).toEqual(
    new Set(['200', '400', '401', '403', '404', '431', '502']),
  );

  const admin: string[] = [];
  for (const path of ['/metrics', '/status', '/readyz', '/nothing']) {
    for (const token of [adminToken, clients.make('wrong admin token')]) {
      const answer = await fetch(gateway.adminUrl + path, { headers: { Authorization: `Bearer ${token}` } });
      admin.push(await answer.text());
    }
  }
  expect(admin.join()).toContain('gatehouse_decisions_total{');
  await eventually('an audit event for each request', () => {
    const { stdout } = gateway.output();
    return stdout.split('"dataset":"gatehouse.audit"').length - 1 === said.length;
  });
  expect(await gateway.signal('SIGTERM')).toBe(0);

  const { stdout, stderr } = gateway.output();
  expect(stderr).toContain('"message":"listening"');
  for (const text of [stdout, stderr, ...said, ...admin]) {
    expect(clients.foundIn(text)).toEqual([]);
    expect(own.foundIn(text)).toEqual([]);
  }
  // The body of a request is the upstream's; nothing else of a client is.
  const got = clients.foundIn(upstream.bytes());
  expect(got).toEqual(['any other parameter', 'request body']);
});
