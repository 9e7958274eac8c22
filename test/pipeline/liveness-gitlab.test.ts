/** `issuers.X.liveness` of GitLab: ID tokens, and tokens that were minted from them, end with their job. */
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startGitlabJobsApi, type GitlabJobsApi } from '../support/liveness/gitlab-jobs-api.ts';
import { startLivenessScenario } from '../support/liveness/scenario.ts';
import { openConversation } from '../support/conversation.ts';

const start = (options: { match?: string; mode?: 'shadow' } = {}) =>
  startLivenessScenario<GitlabJobsApi>({
    type: 'gitlab',
    api: startGitlabJobsApi,
    match: 'project_id: "20"',
    ...options,
  });

const running = { status: 'running', pipeline: 1212 };

test('an ID token is accepted while its job runs, and each result is cached for 30 s', async () => {
  const scenario = await start();
  scenario.api.jobs.set('20/4242', { ...running });
  const token = scenario.mint();
  expect(await scenario.status(token)).toBe(200);
  expect(await scenario.status(token)).toBe(200);
  // Another token of the same job.
  expect(await scenario.status(scenario.mint())).toBe(200);
  expect(scenario.api.requests.map(({ path }) => path)).toEqual(['/api/v4/projects/20/jobs/4242']);
  expect(scenario.api.requests[0]?.headers.authorization).toBe(`Bearer ${scenario.api.token}`);

  scenario.api.jobs.set('20/4242', { ...running, status: 'canceled' });
  scenario.clock.advance(29_000);
  expect(await scenario.status(token)).toBe(200);
  scenario.clock.advance(1_000);
  const refused = await scenario.get(token);
  expect(refused.status).toBe(401);
  expect(refused.body).toContain('no longer running');
  expect(await scenario.audited(refused)).toMatchObject({
    event: { reason: 'job_not_running' },
    user: { name: 'job' },
  });
});

test.each(['success', 'failed', 'canceled', 'canceling', 'pending'])(
  'a job in status %s has ended',
  async (status) => {
    const scenario = await start();
    scenario.api.jobs.set('20/4242', { ...running, status });
    expect(await scenario.reason(scenario.mint())).toBe('job_not_running');
  },
);

test('a token that the policy refuses causes no request', async () => {
  const scenario = await start();
  expect(await scenario.reason(scenario.mint({ project_id: '21' }))).toBe('no_matching_identity');
  expect(await scenario.reason(scenario.mint({ aud: 'https://other.example.com' }))).toBe(
    'audience_mismatch',
  );
  expect(scenario.api.requests).toEqual([]);
});

test('the job of a merge request of a fork is looked up in the project where it runs', async () => {
  const scenario = await start({ match: 'project_id: "20", job_project_id: "99"' });
  scenario.api.jobs.set('99/4242', { ...running });
  expect(await scenario.status(scenario.mint({ job_project_id: '99' }))).toBe(200);
  expect(scenario.api.requests.map(({ path }) => path)).toEqual(['/api/v4/projects/99/jobs/4242']);
});

test('an erased job or a project without access is 503, not an ended job', async () => {
  const scenario = await start();
  const response = await scenario.get(scenario.mint());
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('5');
  const event = await scenario.audited(response);
  expect(event.event.reason).toBe('issuer_unavailable');
  expect(JSON.stringify(event)).toContain('404 for job 4242 of project 20');
});

test('a job of another pipeline is a job of another GitLab', async () => {
  const scenario = await start();
  scenario.api.jobs.set('20/4242', { status: 'running', pipeline: 1 });
  expect(await scenario.reason(scenario.mint())).toBe('issuer_unavailable');
});

test('a minted token ends with the job of its source, and none is issued for an ended job', async () => {
  const scenario = await start();
  scenario.api.jobs.set('20/4242', { ...running });
  const idToken = scenario.mint();
  const minted = (await scenario.exchange(idToken)) ?? '';
  expect(await scenario.status(minted)).toBe(200);
  // The result of the exchange.
  expect(scenario.api.requests).toHaveLength(1);

  scenario.api.jobs.set('20/4242', { ...running, status: 'success' });
  scenario.clock.advance(30_000);
  expect(await scenario.reason(minted)).toBe('job_not_running');
  expect(await scenario.exchange(idToken)).toBeUndefined();
  const me = await fetch(`${scenario.gateway.url}/v1/users/me`, {
    headers: { authorization: `Bearer ${minted}` },
  });
  expect(me.status).toBe(401);
});

test('shadow mode does not relax the end of a job', async () => {
  const scenario = await start({ mode: 'shadow' });
  scenario.api.jobs.set('20/4242', { ...running, status: 'failed' });
  expect(await scenario.reason(scenario.mint())).toBe('job_not_running');
});

test('a running upload continues when its job ends', async () => {
  const scenario = await start();
  scenario.api.jobs.set('20/4242', { ...running });
  const token = scenario.mint();
  const client = await openConversation(scenario.gateway.port);
  client.write(
    [
      'PUT /orders/x HTTP/1.1',
      'Host: gateway.example.com',
      `Authorization: Bearer ${token}`,
      'Content-Length: 8',
      'Connection: close',
      '',
      'half',
    ].join('\r\n'),
  );
  await eventually('the upload is checked', () => scenario.api.requests.length === 1);
  scenario.api.jobs.set('20/4242', { ...running, status: 'canceled' });
  scenario.clock.advance(60_000);
  expect(await scenario.status(token)).toBe(401);
  client.write('rest');
  const [answer] = await client.answers();
  expect(answer?.status).toBe(200);
});

test('a limited GitLab is not asked again before Retry-After has passed', async () => {
  const scenario = await start();
  scenario.api.jobs.set('20/4242', { ...running });
  scenario.api.limited = 42;
  const response = await scenario.get(scenario.mint());
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('42');
  scenario.api.limited = undefined;
  scenario.clock.advance(41_000);
  expect(await scenario.status(scenario.mint())).toBe(503);
  expect(scenario.api.requests).toHaveLength(1);
  scenario.clock.advance(6_000);
  expect(await scenario.status(scenario.mint())).toBe(200);
});
