/** `issuers.X.liveness` of GitHub: the job by `check_run_id`, otherwise the attempt of the run. */
import { describe, expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import type { ApiResponse } from '../support/liveness/api-server.ts';
import { startGithubJobsApi, type GithubJobsApi } from '../support/liveness/github-jobs-api.ts';
import { startLivenessScenario } from '../support/liveness/scenario.ts';

const start = () =>
  startLivenessScenario<GithubJobsApi>({
    type: 'github',
    api: startGithubJobsApi,
    match: 'repository_id: "20"',
  });

const JOB = { check_run_id: '99' };
const running = { status: 'in_progress', run: 1212, attempt: 1 };

describe('the job of a token with check_run_id', () => {
  test('is asked for once, with the headers that GitHub requires', async () => {
    const scenario = await start();
    scenario.api.jobs.set('acme/payments/99', { ...running });
    expect(await scenario.status(scenario.mint(JOB))).toBe(200);
    expect(await scenario.status(scenario.mint(JOB))).toBe(200);
    expect(scenario.api.requests).toHaveLength(1);
    expect(scenario.api.requests[0]).toMatchObject({
      path: '/repos/acme/payments/actions/jobs/99',
      headers: { accept: 'application/vnd.github+json', 'user-agent': 'gatehouse' },
    });
  });

  test.each(['completed', 'queued', 'waiting'])('does not run in status %s', async (status) => {
    const scenario = await start();
    scenario.api.jobs.set('acme/payments/99', { ...running, status });
    expect(await scenario.reason(scenario.mint(JOB))).toBe('job_not_running');
  });

  test('of another attempt or run does not decide', async () => {
    const scenario = await start();
    scenario.api.jobs.set('acme/payments/99', { ...running, attempt: 2 });
    expect(await scenario.reason(scenario.mint(JOB))).toBe('issuer_unavailable');
    scenario.api.jobs.set('acme/payments/98', { ...running, run: 5 });
    expect(await scenario.reason(scenario.mint({ check_run_id: '98' }))).toBe('issuer_unavailable');
  });

  test('does not share its result with a token of another run', async () => {
    const scenario = await start();
    scenario.api.jobs.set('acme/payments/99', { ...running });
    expect(await scenario.status(scenario.mint(JOB))).toBe(200);
    expect(await scenario.reason(scenario.mint({ ...JOB, run_id: '5' }))).toBe('issuer_unavailable');
    expect(await scenario.status(scenario.mint(JOB))).toBe(200);
  });
});

describe('a token without check_run_id', () => {
  test('ends with the attempt of its run, although a re-run keeps the run', async () => {
    const scenario = await start();
    const { attempts } = scenario.api;
    attempts.set('acme/payments/1212/1', { ...running, repository: 20 });
    const token = scenario.mint();
    expect(await scenario.status(token)).toBe(200);
    attempts.set('acme/payments/1212/1', { ...running, status: 'completed', repository: 20 });
    attempts.set('acme/payments/1212/2', { ...running, attempt: 2, repository: 20 });
    scenario.clock.advance(30_000);
    expect(await scenario.reason(token)).toBe('job_not_running');
    expect(await scenario.status(scenario.mint({ run_attempt: '2' }))).toBe(200);
    expect(scenario.api.requests.at(-1)?.path).toBe('/repos/acme/payments/actions/runs/1212/attempts/2');
  });

  test('is not decided by a repository that took over the name', async () => {
    const scenario = await start();
    scenario.api.attempts.set('acme/payments/1212/1', { ...running, repository: 21 });
    expect(await scenario.reason(scenario.mint())).toBe('issuer_unavailable');
  });

  test('whose repository is not a path of two names is refused without a request', async () => {
    const scenario = await start();
    for (const repository of ['acme', '../user', 'acme/..', 'acme/payments/../x', 'acme/pay ments']) {
      expect(await scenario.reason(scenario.mint({ repository })), repository).toBe('credential_invalid');
    }
    expect(scenario.api.requests).toEqual([]);
  });
});

test('a minted token repeats the claims that name the job', async () => {
  const scenario = await start();
  scenario.api.jobs.set('acme/payments/99', { ...running });
  const minted = (await scenario.exchange(scenario.mint(JOB))) ?? '';
  expect(await scenario.status(minted)).toBe(200);
  scenario.api.jobs.set('acme/payments/99', { ...running, status: 'completed' });
  scenario.clock.advance(30_000);
  expect(await scenario.reason(minted)).toBe('job_not_running');
});

test('a token that was minted before liveness was configured is refused: it does not name its job', async () => {
  const scenario = await start();
  await scenario.gateway.reload((yaml) => yaml.replace(/^ +liveness: .*$/m, ''));
  const minted = (await scenario.exchange(scenario.mint())) ?? '';
  expect(await scenario.status(minted)).toBe(200);
  const { url } = scenario.api;
  await scenario.gateway.reload((yaml) =>
    yaml.replace(
      '    type: github',
      `    liveness: { apiUrl: "${url}", tokenFile: liveness-token }\n    type: github`,
    ),
  );
  expect(await scenario.reason(minted)).toBe('credential_invalid');
});

const message = 'You have exceeded a secondary rate limit.';

describe('an exhausted rate limit', () => {
  const now = new FrozenClock().now() / 1000;
  /** `at`: the time of the response by the clock of GitHub. */
  const until = (reset: number, at = now) => ({
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(reset),
    date: new Date(at * 1000).toUTCString(),
  });
  test.each<[string, ApiResponse, number]>([
    ['403 with retry-after', { status: 403, headers: { 'retry-after': '30' }, body: { message } }, 30],
    ['429 with retry-after', { status: 429, headers: { 'retry-after': '31' }, body: { message } }, 31],
    ['403 without a time', { status: 403, body: { message } }, 60],
    ['429 without a time', { status: 429, body: { message: 'Too many' } }, 60],
    ['403 until x-ratelimit-reset', { status: 403, headers: until(now + 1_800), body: {} }, 1_800],
    [
      'until then by an earlier clock',
      { status: 403, headers: until(now + 1_500, now - 300), body: {} },
      1_800,
    ],
    ['until then by a later clock', { status: 403, headers: until(now + 330, now + 300), body: {} }, 30],
    ['an invalid Date', { status: 403, headers: { ...until(now + 1_800), date: 'x' }, body: {} }, 60],
    ['an hour at most', { status: 429, headers: until(now + 1_000_000), body: {} }, 3_600],
    ['a second at least', { status: 403, headers: until(now - 10), body: {} }, 1],
  ])('%s', async (_name, limited, seconds) => {
    const scenario = await start();
    scenario.api.limited = limited;
    const response = await scenario.get(scenario.mint(JOB));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, String(seconds)]);
    // Also for a job that was never asked for.
    expect(await scenario.status(scenario.mint({ check_run_id: '100' }))).toBe(503);
    expect(scenario.api.requests).toHaveLength(1);
  });

  test('ends after its time', async () => {
    const scenario = await start();
    scenario.api.jobs.set('acme/payments/99', { ...running });
    scenario.api.limited = { status: 403, headers: { 'retry-after': '30' }, body: { message } };
    expect(await scenario.status(scenario.mint(JOB))).toBe(503);
    scenario.api.limited = undefined;
    scenario.clock.advance(29_000);
    expect(await scenario.status(scenario.mint({ check_run_id: '100' }))).toBe(503);
    expect(scenario.api.requests).toHaveLength(1);
    scenario.clock.advance(1_000);
    expect(await scenario.status(scenario.mint(JOB))).toBe(200);
  });

  test('a 403 about permissions does not stop the checks of other jobs', async () => {
    const scenario = await start();
    scenario.api.limited = {
      status: 403,
      body: { message: 'Resource not accessible by personal access token' },
    };
    expect(await scenario.reason(scenario.mint(JOB))).toBe('issuer_unavailable');
    scenario.api.limited = undefined;
    scenario.api.jobs.set('acme/payments/100', { ...running });
    expect(await scenario.status(scenario.mint({ check_run_id: '100' }))).toBe(200);
  });
});
