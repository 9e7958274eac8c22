/** perIdentity: each identity gets its upstream credential, and a request without an entry is refused. */
import { hash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Canaries } from '../support/canaries.ts';
import { auditedIn } from '../support/audited.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { reasonOf } from '../support/scenario/attack.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const canaries = new Canaries();
const OF_PAYMENTS = canaries.make('token of payments', 'glpat-');
const OF_WEB = canaries.make('token of web');
const OF_OTHERS = canaries.make('token of all others');
const SECRET = `ghdt_edge_${'5'.repeat(64)}`;

const service = (url: string, name: string, entries: string): string =>
  `  ${name}: { type: http, path: /${name}/, anonymous: [{ scopes: [read_api], resources: ["/public/**"] }], upstream: { url: "${url}/", auth: { perIdentity: { ${entries} } } } }\n`;
const own =
  'payments: { header: { name: PRIVATE-TOKEN, valueFile: payments } }, web: { basic: { username: web, passwordFile: web } }';
const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
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
  edge: { username: edge, secretHash: "sha256:${hash('sha256', SECRET)}", grants: [{ service: open, scopes: [read_api], resources: ["/**"] }] }
services:
${service(upstream.url, 'strict', own)}${service(upstream.url, 'open', `${own}, default: { bearer: { tokenFile: others } }, "deploy-token:edge": { header: { name: X-Edge-Key, value: edge-key } }`)}`,
  files: { payments: `${OF_PAYMENTS}\n`, web: `${OF_WEB}\n`, others: `${OF_OTHERS}\n` },
});
afterEach(() => scenario.upstream.reset());

function ask(target: string, project?: string, ...lines: readonly string[]): Promise<RawResponse> {
  const bearer =
    project === undefined ? [] : [`Authorization: Bearer ${scenario.issuer.mint({ project_id: project })}`];
  const head = [`GET ${target} HTTP/1.1`, 'Host: gateway.example.com', ...bearer, ...lines];
  return rawResponse(scenario.gateway.port, [...head, 'Connection: close', '', ''].join('\r\n'), {
    quiet: 10_000,
  });
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
  const request = receivedBy(scenario.upstream);
  const credentialSources = ['authorization', 'private-token', 'x-edge-key'];
  const seen = credentialSources.flatMap((name) => valuesOf(request, name).map((value) => [name, value]));
  expect(Object.fromEntries(seen)).toEqual(expected);
  expect(namesIn(request).filter((name) => credentialSources.includes(name))).toHaveLength(1);
  expect(scenario.upstream.bytes()).not.toContain('spoof');
});

test('a deploy token of the configuration has an entry as an identity has', async () => {
  expect((await ask('/open/a', undefined, `Authorization: ${basic('edge', SECRET)}`)).status).toBe(200);
  expect(valuesOf(receivedBy(scenario.upstream), 'x-edge-key')).toEqual(['edge-key']);
  expect(scenario.upstream.bytes()).not.toContain(SECRET);
});

test('no entry and no default: a denial, and the upstream gets nothing', async () => {
  const answer = await ask('/strict/a', '22');
  expect([answer.status, reasonOf(answer)]).toEqual([403, 'upstream_credential_missing']);
  expect(answer.body).not.toMatch(/payments|web|perIdentity/);
  expect(scenario.upstream.bytes()).toBe('');
  expect(await auditedIn(scenario.gateway, answer)).toMatchObject({
    event: { reason: 'upstream_credential_missing', type: ['access', 'denied'], outcome: 'failure' },
    user: { name: 'docs' },
    gatehouse: { decision: 'deny' },
  });
});

test('an anonymous request without a default entry is challenged', async () => {
  const answer = await ask('/strict/public/a');
  expect([answer.status, reasonOf(answer)]).toEqual([401, 'no_credential']);
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="gateway.example.com"/);
  expect(scenario.upstream.bytes()).toBe('');
});

test('each follows its own file', async () => {
  const next = canaries.make('rotated token of payments');
  writeFileSync(join(scenario.gateway.folder, 'new'), next, { mode: 0o600 });
  renameSync(join(scenario.gateway.folder, 'new'), join(scenario.gateway.folder, 'payments'));
  await eventually('the new token', async () => {
    scenario.upstream.reset();
    await ask('/strict/a', '20');
    return valuesOf(receivedBy(scenario.upstream), 'private-token')[0] === next;
  });
  scenario.upstream.reset();
  await ask('/strict/a', '21');
  expect(valuesOf(receivedBy(scenario.upstream), 'authorization')).toEqual([basic('web', OF_WEB)]);
});

test('refused by the upstream: 502, and no secret in anything that is said of it', async () => {
  scenario.upstream.respond(`HTTP/1.1 401 No\r\nContent-Length: ${OF_WEB.length}\r\n\r\n${OF_WEB}`);
  for (const project of ['20', '21']) {
    const answer = await ask('/strict/a', project);
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unauthorized']);
    expect(canaries.foundIn(answer.head + answer.body)).toEqual([]);
  }
  const metrics = await (await fetch(`${scenario.gateway.adminUrl}/metrics`)).text();
  expect(canaries.foundIn(scenario.gateway.auditText() + metrics)).toEqual([]);
});
