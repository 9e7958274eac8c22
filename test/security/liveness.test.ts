/** A hostile or failing API of an issuer, and the limits of requests to it. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../support/issuer.ts';
import { startGitlabJobsApi, type GitlabJobsApi } from '../support/liveness/gitlab-jobs-api.ts';
import { startLivenessScenario } from '../support/liveness/scenario.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { closeAfterTest } from '../support/clean-up.ts';
import { startAuthorizerScenario } from '../support/authorizer/scenario.ts';
import { eventually } from '../support/eventually.ts';

const start = (more?: string) =>
  startLivenessScenario<GitlabJobsApi>({
    type: 'gitlab',
    api: startGitlabJobsApi,
    match: 'project_id: "20"',
    ...(more === undefined ? {} : { more }),
  });

const running = { status: 'running', pipeline: 1212 };

describe('a response that is not about the job is 503, and the next check recovers', () => {
  test.each<[string, Fault]>([
    ['status 500', { kind: 'status', status: 500 }],
    ['status 204', { kind: 'status', status: 204 }],
    ['more than 1 MiB', { kind: 'huge', bytes: 1024 * 1024 + 1 }],
    ['no response', { kind: 'drop' }],
    ['no JSON', { kind: 'body', body: '<html>running</html>' }],
    ['a JSON array', { kind: 'body', body: '[{"id":4242,"status":"running"}]' }],
    [
      'a duplicate member',
      { kind: 'body', body: '{"id":4242,"status":"failed","status":"running","pipeline":{"id":1212}}' },
    ],
    ['another job', { kind: 'body', body: '{"id":1,"status":"running","pipeline":{"id":1212}}' }],
    ['ids as strings', { kind: 'body', body: '{"id":"4242","status":"running","pipeline":{"id":"1212"}}' }],
    ['no pipeline', { kind: 'body', body: '{"id":4242,"status":"running"}' }],
    ['no status', { kind: 'body', body: '{"id":4242,"pipeline":{"id":1212}}' }],
  ])('%s', async (_name, fault) => {
    const scenario = await start();
    scenario.api.jobs.set('20/4242', { ...running });
    scenario.api.fault = fault;
    const token = scenario.mint();
    expect(await scenario.reason(token)).toBe('issuer_unavailable');
    expect(scenario.upstream.requests()).toEqual([]);
    scenario.api.fault = undefined;
    // A failure is cached for 5 s, so that repetitions cause no requests.
    expect(await scenario.status(token)).toBe(503);
    expect(scenario.api.requests).toHaveLength(1);
    scenario.clock.advance(5_000);
    expect(await scenario.status(token)).toBe(200);
  });

  test('a slow response: after 5 s', { timeout: 40_000 }, async () => {
    const scenario = await start();
    scenario.api.fault = { kind: 'hang' };
    expect(await scenario.reason(scenario.mint())).toBe('issuer_unavailable');
  });

  test('a redirect is not followed, and the token of the gateway is not sent elsewhere', async () => {
    const elsewhere = await startRecordingUpstream();
    closeAfterTest(elsewhere);
    const scenario = await start();
    scenario.api.fault = { kind: 'redirect', to: elsewhere.url };
    expect(await scenario.reason(scenario.mint())).toBe('issuer_unavailable');
    expect(elsewhere.requests()).toEqual([]);
  });

  test('a refused token of the gateway is named in the audit event, without its value', async () => {
    const scenario = await start();
    scenario.api.fault = { kind: 'body', body: '{"message":"x"}' };
    const response = await scenario.get(scenario.mint());
    await scenario.audited(response);
    expect(response.body + scenario.gateway.auditText()).not.toContain(scenario.api.token);
  });
});

describe('requests', () => {
  test('concurrent requests of one job share one check', async () => {
    const scenario = await start();
    scenario.api.jobs.set('20/4242', { ...running });
    const statuses = await Promise.all(Array.from({ length: 50 }, () => scenario.status(scenario.mint())));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(scenario.api.requests).toHaveLength(1);
  });

  test('are limited by liveness.limits, and further checks get 503', async () => {
    const scenario = await start(', limits: { perSecond: 0.1, burst: 3, queue: 0 }');
    for (let id = 1; id <= 10; id++) scenario.api.jobs.set(`20/${id}`, { ...running });
    const statuses: number[] = [];
    for (let id = 1; id <= 10; id++)
      statuses.push(await scenario.status(scenario.mint({ job_id: String(id) })));
    expect(statuses).toEqual([200, 200, 200, ...Array.from({ length: 7 }, () => 503)]);
    expect(scenario.api.requests).toHaveLength(3);
    // Cached results need no request.
    expect(await scenario.status(scenario.mint({ job_id: '1' }))).toBe(200);
  });

  test('an ended job is asked for once per 10 s', async () => {
    const scenario = await start();
    scenario.api.jobs.set('20/4242', { ...running, status: 'failed' });
    for (let n = 0; n < 5; n++) expect(await scenario.status(scenario.mint())).toBe(401);
    expect(scenario.api.requests).toHaveLength(1);
  });

  test('the refusal of an ended job is not a failed attempt of its client', async () => {
    const scenario = await start();
    scenario.api.jobs.set('20/4242', { ...running, status: 'failed' });
    const statuses = new Set<number>();
    for (let n = 0; n < 60; n++) statuses.add(await scenario.status(scenario.mint()));
    expect(statuses).toEqual(new Set([401]));
  });
});

test('a reload keeps the results of an unchanged issuer', async () => {
  const scenario = await start();
  scenario.api.jobs.set('20/4242', { ...running });
  expect(await scenario.status(scenario.mint())).toBe(200);
  expect(await scenario.gateway.reload((yaml) => `${yaml}\n# changed\n`)).toBe(true);
  expect(await scenario.status(scenario.mint())).toBe(200);
  expect(scenario.api.requests).toHaveLength(1);
});

test('external authorization: the proxy gets 401 once the job has ended', async () => {
  const api = await startGitlabJobsApi();
  closeAfterTest(api);
  const scenario = await startAuthorizerScenario({ files: { 'liveness-token': api.token } });
  const liveness = `liveness: { apiUrl: "${api.url}", tokenFile: liveness-token, cache: 1ms }`;
  const reloaded = await scenario.gateway.reload((yaml) =>
    yaml.replace('type: gitlab', `${liveness}, type: gitlab`),
  );
  expect(reloaded).toBe(true);
  const ask = async (): Promise<number> =>
    (await scenario.ask('nginx', { target: '/api/orders', headers: [scenario.bearer] })).status;
  api.jobs.set('20/4242', { ...running });
  expect(await ask()).toBe(200);
  api.jobs.set('20/4242', { ...running, status: 'success' });
  await eventually('the cached result has expired', async () => (await ask()) === 401);
});
