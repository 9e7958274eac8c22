/** B1–B4, C6 through the whole gateway: guessing is limited and does not affect other clients. */
import { hash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { rawRequest, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario, useScenario } from '../support/scenario.ts';

const SECRET = `ghdt_edge_${'3c'.repeat(32)}`;
const LIMITS = { perAddress: 20, perName: 8 };

const config = ({ issuer, upstream }: { issuer: TestIssuer; upstream: RecordingUpstream }): string => `
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
services:
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
`;
const serverLimits = ({ perAddress, perName }: typeof LIMITS): string =>
  `authFailures: { perAddress: ${perAddress}, perName: ${perName}, window: 60s }`;

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config,
  server: { limits: serverLimits(LIMITS) },
});
afterEach(() => scenario.upstream.reset());

/** Another gateway, whose counters are at zero. */
async function start(limits = LIMITS): Promise<TestGateway> {
  const { issuer, upstream } = scenario;
  const other = await startScenario({
    backends: { issuer, upstream },
    config,
    server: { limits: serverLimits(limits) },
  });
  return other.gateway;
}

async function send(headers: readonly string[], to = scenario.gateway): Promise<RawResponse> {
  const lines = [
    'GET /files/a HTTP/1.1',
    'Host: gateway.example.com',
    'Connection: close',
    ...headers,
    '',
    '',
  ];
  const [answer] = await rawRequest(to.port, lines.join('\r\n'), { quiet: 5_000 });
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

function basic(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function guess(n: number, name = 'edge'): string {
  return `ghdt_${name}_${n.toString(16).padStart(64, '0')}`;
}

test('B1 timing: an unknown user name takes as long as a wrong secret', async () => {
  const patient = await start({ perAddress: 1_000_000, perName: 1_000_000 });
  const agents = ['edge', 'unknown'] as const;
  const times: Record<(typeof agents)[number], number[]> = { edge: [], unknown: [] };
  // Interleaved, so that other load on the machine affects both equally.
  for (let n = 0; n < 1_000; n++) {
    for (const name of agents) {
      const began = performance.now();
      const response = await fetch(`${patient.url}/files/a`, { headers: { 'Deploy-Token': guess(n, name) } });
      await response.arrayBuffer();
      times[name].push(performance.now() - began);
      expect(response.status).toBe(401);
    }
  }
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const ratio = median(times.edge) / median(times.unknown);
  expect(ratio).toBeGreaterThan(0.8);
  expect(ratio).toBeLessThan(1.25);
});

test('B2 brute force: neither case nor X-Forwarded-For evades the limit; valid credentials still work', async () => {
  const statuses: number[] = [];
  for (let n = 0; n < LIMITS.perName + 2; n++) {
    const name = n % 2 === 0 ? 'edge' : 'EDGE';
    const answer = await send([`Deploy-Token: ${guess(n, name)}`, `X-Forwarded-For: 198.51.100.${n}`]);
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([...Array<number>(LIMITS.perName).fill(401), 429, 429]);
  expect(Number((await send([`Deploy-Token: ${guess(99)}`])).headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await send([`Deploy-Token: ${SECRET}`])).status).toBe(200);
  expect((await send([`Authorization: Bearer ${scenario.issuer.mint({ project_id: '20' })}`])).status).toBe(
    200,
  );
});

test('B2 limit by address for all credentials; the user name shared by all jobs has no separate limit', async () => {
  const own = await start();
  const seen: string[] = [];
  for (let n = 0; n < LIMITS.perAddress + 1; n++) {
    const answer = await send(
      [`Authorization: Bearer ${scenario.issuer.mint({}).slice(0, -8)}AAAAAAAA`],
      own,
    );
    seen.push(String(answer.status));
  }
  expect(seen.slice(0, -1).every((status) => status === '401')).toBe(true);
  expect(seen.at(-1)).toBe('429');
  const audited = await own.audit(seen.length);
  expect(audited.at(-1)?.event.reason).toBe('rate_limited');
  // A valid token is never a failed attempt, even from this address.
  expect(
    (await send([`Authorization: Bearer ${scenario.issuer.mint({ project_id: '20' })}`], own)).status,
  ).toBe(200);
});

test('B3 hash cost: 200 wrong secrets do not measurably delay other clients', async () => {
  const began = process.cpuUsage();
  await Promise.all(Array.from({ length: 200 }, (_, n) => send([basic('edge', guess(n))])));
  const { user, system } = process.cpuUsage(began);
  // SHA-256, not a slow hash: bcrypt at its usual cost would take 200 × 50 ms of CPU alone.
  expect((user + system) / 1_000).toBeLessThan(5_000);
  expect((await send([`Authorization: Bearer ${scenario.issuer.mint({ project_id: '20' })}`])).status).toBe(
    200,
  );
});

test.each([
  ['empty', basic('edge', '')],
  ['NUL', basic('edge', `${SECRET}\0`)],
  ['a colon before it', basic('edge', `:${SECRET}`)],
  ['a line end behind it', basic('edge', `${SECRET}\n`)],
  ['the hash itself', basic('edge', `sha256:${hash('sha256', SECRET)}`)],
  ['in capitals', basic('edge', SECRET.toUpperCase())],
  ['8 KiB', basic('edge', 'x'.repeat(8_192))],
  ['of another user name', basic('EDGE', SECRET)],
  ['without user name', basic('', SECRET)],
])('B4 edge secrets: %s is not accepted', async (_name, line) => {
  const answer = await send([line]);
  expect([401, 429]).toContain(answer.status);
  expect(scenario.upstream.bytes()).toBe('');
});

test('B4 edge secrets: a secret of 1 MB is refused by the header limit', async () => {
  expect((await send([basic('edge', 'x'.repeat(1_000_000))])).status).toBe(431);
});

test('C6 revocation: the next request is refused, and other tokens stay valid', async () => {
  const [leaked, other] = [
    scenario.issuer.mint({ project_id: '20' }),
    scenario.issuer.mint({ project_id: '20' }),
  ];
  const read = async (token: string) => (await send([`Authorization: Bearer ${token}`])).status;
  expect([await read(leaked), await read(other)]).toEqual([200, 200]);
  const created = await fetch(`${scenario.gateway.adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ tokenHash: hash('sha256', leaked), reason: 'printed in a job log' }),
  });
  expect(created.status).toBe(201);
  expect([await read(leaked), await read(other)]).toEqual([401, 200]);
  const { headers, body } = await send([`Authorization: Bearer ${leaked}`]);
  expect(JSON.stringify([...headers, body])).not.toContain('printed in a job log');
});
