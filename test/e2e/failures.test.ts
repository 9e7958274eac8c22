/** Rows of the failure table that require a complete gateway: a full disk, an unavailable signing key. */
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { hash } from 'node:crypto';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { rawRequest } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis.ts';
import { startScenario } from '../support/scenario.ts';

const keep = cleanUp();

const MIB = 1024 * 1024;

const OPEN = (url: string): string => `services:
  open:
    type: http
    path: /open/
    upstream: { url: "${url}/" }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
`;

/** A full disk. Each event has two KiB, so the buffer of four MiB fills quickly. */
async function fullDisk(required: boolean) {
  const { upstream, gateway } = await startScenario({
    backends: { upstream: () => startRecordingUpstream() },
    config: ({ upstream: { url } }) => `\naudit: { file: /dev/full, required: ${required} }\n${OPEN(url)}`,
  });
  const head = `GET /open/${'x'.repeat(1_900)} HTTP/1.1\r\nHost: a.example.com\r\n`;
  const ask = async (count: number): Promise<number[]> =>
    (
      await rawRequest(gateway.port, `${`${head}\r\n`.repeat(count - 1)}${head}Connection: close\r\n\r\n`)
    ).map(({ status }) => status);
  return { upstream, gateway, ask };
}

test('the audit file cannot be written: buffered, then counted as lost', async () => {
  const { gateway, ask } = await fullDisk(false);
  for (let n = 0; n < 20; n++) expect(new Set(await ask(100))).toEqual(new Set([200]));
  await eventually('events are lost', async () => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    return Number(/^gatehouse_audit_lost_total (\d+)$/m.exec(text)?.[1]) > 0;
  });
});

test('the audit file cannot be written and is required: 503 audit_unavailable, nothing is forwarded', async () => {
  const { gateway, upstream, ask } = await fullDisk(true);
  let statuses: number[] = [];
  for (let n = 0; n < 30 && !statuses.includes(503); n++) statuses = await ask(100);
  expect(statuses).toContain(503);
  upstream.reset();
  const refused = await fetch(`${gateway.url}/open/a`);
  expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true]);
  expect(await refused.json()).toMatchObject({ error: 'audit_unavailable' });
  expect(upstream.bytes()).toBe('');
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const buffered = Number(/^gatehouse_audit_buffered_bytes (\d+)$/m.exec(metrics)?.[1]);
  expect(buffered).toBeGreaterThan(2 * MIB);
  expect(buffered).toBeLessThanOrEqual(4 * MIB);
  const readyz = await fetch(`${gateway.adminUrl}/readyz`);
  expect(readyz.status).toBe(503);
  expect(await readyz.json()).toMatchObject({
    ready: false,
    checks: expect.arrayContaining([
      {
        name: 'audit',
        ok: false,
        detail: 'the buffer of the audit trail is full: requests are refused with 503 (audit.required)',
      },
    ]),
  });
});

needs('redis-server').test(
  'the signing key is unavailable: no token is issued, ID tokens are accepted; then it becomes available',
  async () => {
    const redis = keep(await startRedis());
    const tell = (command: string): void => void connect(redis.port, '127.0.0.1').end(`${command}\r\n`);
    // The stored value is not a key.
    tell('LPUSH gatehouse:kept:signing-key nonsense');
    const secret = `ghdt_edge_${'1'.repeat(64)}`;
    const { gateway, issuer } = await startScenario({
      backends: { redis, issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
      config: ({ issuer: { url }, upstream }) => `
state: { redis: { url: "${redis.url}" } }
issuers: { gitlab: { type: gitlab, issuer: "${url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', secret)}"
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/**"] }]
services:
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
`,
    });
    const read = (): Promise<Response> =>
      fetch(`${gateway.url}/v2/acme/api/tags/list`, {
        headers: { Authorization: `Bearer ${issuer.mint({ project_id: '20' })}` },
      });
    const login = (): Promise<Response> =>
      fetch(`${gateway.url}/token?service=${new URL(gateway.url).host}&scope=repository:acme/api:pull`, {
        headers: { Authorization: `Basic ${Buffer.from(`edge:${secret}`).toString('base64')}` },
      });
    await eventually('the store was reached', async () => (await read()).status === 200);
    const refused = await login();
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true]);
    expect(await refused.text()).toContain('store_unavailable');
    expect((await read()).status).toBe(200);

    tell('DEL gatehouse:kept:signing-key');
    await eventually('a login', async () => (await login()).status === 200, 15_000);
  },
);
