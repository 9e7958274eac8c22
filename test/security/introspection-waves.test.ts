/** M5, M8: waves of valid credentials wait instead of failing, also next to a flood of invalid ones (threats.md). */
import { expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { startGitlab, type TestGitlab } from '../support/gitlab.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';
import { promptly } from '../support/promptly.ts';

type Waves = Scenario<{ gitlab: TestGitlab; upstream: RecordingUpstream }>;

const [NAT, OTHER, VICTIM] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];

/** `jobs`, `deploy`: keys of `jobTokens` and `deployTokens`, for example `limits: { queue: 0 }`. */
async function start(
  { jobs = 'cache: 30s', deploy = 'cache: 60s' }: { readonly jobs?: string; readonly deploy?: string } = {},
  clock?: FrozenClock,
): Promise<Waves> {
  const scenario = await startScenario({
    backends: {
      gitlab: () => startGitlab(clock === undefined ? { bans: ['jwtAuth'] } : { clock }),
      upstream: startRecordingUpstream,
    },
    config: ({ gitlab, upstream }) => `
issuers:
  gitlab:
    type: gitlab
    issuer: "${gitlab.url}"
    jobTokens: { ${jobs} }
    deployTokens: { probe: acme/payments, ${deploy} }
identities:
  job:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: [{ service: api, scopes: [read_api], resources: ["**"] }]
  puller:
    issuer: gitlab
    via: [deploy_token]
    allowMutableNames: true
    match: { registry_access: { contains: "repository:acme/payments:pull" } }
    grants: [{ service: api, scopes: [read_api], resources: ["**"] }]
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/", connections: 1000 } }
`,
    server: { more: ['trustedProxies: [127.0.0.1]'], limits: 'authFailures: { perAddress: 10000 }' },
    ...(clock && { clock }),
  });
  scenario.gitlab.project(20, 'acme/payments');
  return scenario;
}

const range = <T>(length: number, make: (n: number) => T): T[] => Array.from({ length }, (_, n) => make(n));

async function use(scenario: Waves, from: string, headers: readonly string[]): Promise<number> {
  const response = await scenario.respond('GET /api/x', [`X-Forwarded-For: ${from}`, ...headers]);
  return response.status;
}
const jobLine = (token: string): string[] => [`JOB-TOKEN: ${token}`];
const deployLine = (username: string, token: string): string[] => [
  `Authorization: Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`,
];

/** One request for each of `count` new jobs, at once. */
function wave(scenario: Waves, from: string, count: number): Promise<number[]> {
  const jobs = range(count, () => scenario.gitlab.job());
  return Promise.all(jobs.map(({ token }) => use(scenario, from, jobLine(token))));
}

/** Numbers of responses, by status. */
function tally(statuses: readonly number[]): Record<number, number> {
  const byStatus = Object.groupBy(statuses, (status) => status);
  return Object.fromEntries(Object.entries(byStatus).map(([status, all]) => [status, all?.length ?? 0]));
}

test.each([
  ['the default limits', {}],
  ['small limits', { jobs: 'limits: { burst: 50, perSecond: 20, queue: 500 }' }],
])('500 new jobs at once behind one address are all verified: %s', async (_, limits) => {
  const scenario = await start(limits);
  scenario.gitlab.latency.job = 20;
  expect(tally(await wave(scenario, NAT, 500))).toEqual({ 200: 500 });
});

test('500 jobs of one address pass while forged tokens come from there and from other addresses', async () => {
  const scenario = await start();
  scenario.gitlab.latency.job = 20;
  const forged = range(90, (n) => use(scenario, n % 3 === 0 ? NAT : OTHER, jobLine(`glcbt-forged-${n}`)));
  expect(tally(await wave(scenario, NAT, 500))).toEqual({ 200: 500 });
  expect(tally(await Promise.all(forged))[200]).toBeUndefined();
});

test('500 jobs of one address do not delay the first use of a token from another', async () => {
  const scenario = await start();
  scenario.gitlab.latency.job = 100;
  let done = false;
  const jobs = wave(scenario, NAT, 500).finally(() => (done = true));
  await eventually('requests at GitLab', () => scenario.gitlab.count('job') >= 16);
  expect(await use(scenario, VICTIM, jobLine(scenario.gitlab.job().token))).toBe(200);
  expect(done).toBe(false);
  expect(tally(await jobs)).toEqual({ 200: 500 });
});

test('forged tokens from one IPv6 site at a slow GitLab do not delay others', async () => {
  const scenario = await start({ jobs: 'limits: { queue: 100 }' });
  scenario.gitlab.latency.job = 1_000;
  const flood = range(200, (n) =>
    use(scenario, `2001:db8:1:${n.toString(16)}::1`, jobLine(`glcbt-forged-${n}`)),
  );
  await eventually('the flood at GitLab', () => scenario.gitlab.count('job') >= 16);
  // One response, not a queue of 100.
  await promptly(1_900, async () => {
    expect(await use(scenario, VICTIM, jobLine(scenario.gitlab.job().token))).toBe(200);
  });
  scenario.gitlab.latency.job = undefined;
  expect(tally(await Promise.all(flood))[200]).toBeUndefined();
});

test('500 confirmed job tokens that are renewed at once pass', async () => {
  const clock = new FrozenClock();
  const scenario = await start({}, clock);
  const jobs = range(500, () => scenario.gitlab.job());
  const all = (): Promise<number[]> =>
    Promise.all(jobs.map(({ token }) => use(scenario, NAT, jobLine(token))));
  expect(tally(await all())).toEqual({ 200: 500 });
  clock.advance(30_000);
  let statuses: number[] | undefined;
  void all().then((result) => (statuses = result));
  await eventually('the end of the renewals', () => {
    clock.advance(10);
    return statuses !== undefined;
  });
  expect(tally(statuses ?? [])).toEqual({ 200: 500 });
  expect(scenario.gitlab.count('job')).toBe(1_000);
});

test('60 new deploy tokens at once behind one address are all verified', async () => {
  const scenario = await start();
  const tokens = range(60, () => scenario.gitlab.deployToken());
  const statuses = tokens.map(({ username, token }) => use(scenario, NAT, deployLine(username, token)));
  expect(tally(await Promise.all(statuses))).toEqual({ 200: 60 });
});

test('without a queue, requests over those in flight get 503', async () => {
  const scenario = await start({ jobs: 'limits: { queue: 0 }' });
  scenario.gitlab.latency.job = 1_000;
  const responses = await Promise.all(
    range(60, () => scenario.respond('GET /api/x', jobLine(scenario.gitlab.job().token))),
  );
  const { 200: verified = 0, 503: refused = 0 } = tally(responses.map(({ status }) => status));
  expect(verified + refused).toBe(60);
  expect(verified).toBeGreaterThanOrEqual(16);
  const response = responses.find(({ status }) => status === 503);
  expect(response?.headers.get('retry-after')).toBe('1');
  expect((await scenario.audited(response)).event.reason).toBe('issuer_unavailable');
});

test('the limits of deploy tokens are those of the configuration', async () => {
  const scenario = await start({ deploy: 'limits: { failures: 6, window: 1m }' });
  for (let n = 0; n < 20; n++)
    await use(scenario, `198.51.100.${n}`, deployLine(`u${n}`, `gldt-forged-${n}`));
  expect(scenario.gitlab.count('jwtAuth')).toBe(4);
});

test('a slow job API does not delay a new signing key', async () => {
  const scenario = await start();
  expect(await use(scenario, VICTIM, [`Authorization: Bearer ${scenario.gitlab.job().idToken()}`])).toBe(200);
  scenario.gitlab.latency.job = 4_900;
  const flood = range(150, (n) => use(scenario, `198.51.100.${n}`, jobLine(`glcbt-forged-${n}`)));
  await eventually('the flood at GitLab', () => scenario.gitlab.count('job') >= 16);
  scenario.gitlab.rotate();
  const since = performance.now();
  expect(await use(scenario, VICTIM, [`Authorization: Bearer ${scenario.gitlab.job().idToken()}`])).toBe(200);
  // Earlier than the first response of the job API.
  expect(performance.now() - since).toBeLessThan(4_000);
  scenario.gitlab.latency.job = undefined;
  await Promise.all(flood);
});
