/** perIdentity: each identity gets its upstream credential, and a request without an entry is refused. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Canaries } from '../support/canaries.ts';
import { auditedIn } from '../support/audited.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { reasonOf } from '../support/lab.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

const canaries = new Canaries();
const OF_PAYMENTS = canaries.make('token of payments', 'glpat-');
const OF_WEB = canaries.make('token of web');
const OF_OTHERS = canaries.make('token of all others');
const SECRET = `ghdt_edge_${'5'.repeat(64)}`;

let issuer: TestIssuer;
let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(SECRET))).toString('hex');
  const service = (name: string, entries: string): string =>
    `  ${name}: { type: http, path: /${name}/, anonymous: [{ scopes: [read_api], resources: ["/public/**"] }], upstream: { url: "${upstream.url}/", auth: { perIdentity: { ${entries} } } } }\n`;
  const own =
    'payments: { header: { name: PRIVATE-TOKEN, valueFile: payments } }, web: { basic: { username: web, passwordFile: web } }';
  gateway = await startGateway(
    `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments: { issuer: gitlab, match: { project_id: "20" }, roles: [all] }
  web: { issuer: gitlab, match: { project_id: "21" }, roles: [all] }
  docs: { issuer: gitlab, match: { project_id: "22" }, roles: [all] }
roles:
  all:
    - { service: strict, scopes: [read_api, write_api], resources: ["**"] }
    - { service: open, scopes: [read_api, write_api], resources: ["**"] }
deployTokens:
  edge: { username: edge, secretHash: "sha256:${digest}", grants: [{ service: open, scopes: [read_api], resources: ["/**"] }] }
services:
${service('strict', own)}${service('open', `${own}, default: { bearer: { tokenFile: others } }, "deploy-token:edge": { header: { name: X-Edge-Key, value: edge-key } }`)}`,
    { files: { payments: `${OF_PAYMENTS}\n`, web: `${OF_WEB}\n`, others: `${OF_OTHERS}\n` } },
  );
});
afterEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

function ask(target: string, project?: string, ...lines: readonly string[]): Promise<RawResponse> {
  const bearer =
    project === undefined ? [] : [`Authorization: Bearer ${issuer.mint({ project_id: project })}`];
  const head = [`GET ${target} HTTP/1.1`, 'Host: gateway.example.com', ...bearer, ...lines];
  return rawResponse(gateway.port, [...head, 'Connection: close', '', ''].join('\r\n'), { quiet: 10_000 });
}

const basic = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

test.each([
  ['strict', '20', { 'private-token': OF_PAYMENTS }],
  ['strict', '21', { authorization: basic('web', OF_WEB) }],
  ['open', '20', { 'private-token': OF_PAYMENTS }],
  ['open', '22', { authorization: `Bearer ${OF_OTHERS}` }],
  ['open', undefined, { authorization: `Bearer ${OF_OTHERS}` }],
])('%s, project %s: its own, and nothing by the names of the others', async (service, project, expected) => {
  // Headers of all entries are removed from client requests.
  const spoofed = ['PRIVATE-TOKEN', 'Private_Token', 'X-Edge-Key', 'x_edge_key'].map(
    (name) => `${name}: spoof`,
  );
  const lines = project === undefined || service === 'strict' ? [] : spoofed.slice(2);
  expect((await ask(`/${service}/public/a`, project, ...lines)).status).toBe(200);
  const request = receivedBy(upstream);
  const credentialSources = ['authorization', 'private-token', 'x-edge-key'];
  const seen = credentialSources.flatMap((name) => valuesOf(request, name).map((value) => [name, value]));
  expect(Object.fromEntries(seen)).toEqual(expected);
  expect(namesIn(request).filter((name) => credentialSources.includes(name))).toHaveLength(1);
  expect(upstream.bytes()).not.toContain('spoof');
});

test('a deploy token of the configuration has an entry as an identity has', async () => {
  expect((await ask('/open/a', undefined, `Authorization: ${basic('edge', SECRET)}`)).status).toBe(200);
  expect(valuesOf(receivedBy(upstream), 'x-edge-key')).toEqual(['edge-key']);
  expect(upstream.bytes()).not.toContain(SECRET);
});

test('no entry and no default: a denial, and the upstream gets nothing', async () => {
  const answer = await ask('/strict/a', '22');
  expect([answer.status, reasonOf(answer)]).toEqual([403, 'upstream_credential_missing']);
  expect(answer.body).not.toMatch(/payments|web|perIdentity/);
  expect(upstream.bytes()).toBe('');
  expect(await auditedIn(gateway, answer)).toMatchObject({
    event: { reason: 'upstream_credential_missing', type: ['access', 'denied'], outcome: 'failure' },
    user: { name: 'docs' },
    gatehouse: { decision: 'deny' },
  });
});

test('an anonymous request without a default entry is challenged', async () => {
  const answer = await ask('/strict/public/a');
  expect([answer.status, reasonOf(answer)]).toEqual([401, 'no_credential']);
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="gateway.example.com"/);
  expect(upstream.bytes()).toBe('');
});

test('each follows its own file', async () => {
  const next = canaries.make('rotated token of payments');
  writeFileSync(join(gateway.folder, 'new'), next, { mode: 0o600 });
  renameSync(join(gateway.folder, 'new'), join(gateway.folder, 'payments'));
  await eventually('the new token', async () => {
    upstream.reset();
    await ask('/strict/a', '20');
    return valuesOf(receivedBy(upstream), 'private-token')[0] === next;
  });
  upstream.reset();
  await ask('/strict/a', '21');
  expect(valuesOf(receivedBy(upstream), 'authorization')).toEqual([basic('web', OF_WEB)]);
});

test('refused by the upstream: 502, and no secret in anything that is said of it', async () => {
  upstream.respond(`HTTP/1.1 401 No\r\nContent-Length: ${OF_WEB.length}\r\n\r\n${OF_WEB}`);
  for (const project of ['20', '21']) {
    const answer = await ask('/strict/a', project);
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unauthorized']);
    expect(canaries.foundIn(answer.head + answer.body)).toEqual([]);
  }
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(canaries.foundIn(gateway.auditText() + metrics)).toEqual([]);
});
