import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { basic, callApi, sending } from '../../support/api-call.ts';
import type { Result } from '../../support/api-call.ts';
import { FrozenClock } from '../../support/authentication.ts';
import { startGitlab } from '../../support/gitlab.ts';
import type { TestGitlab } from '../../support/gitlab.ts';

const clock = new FrozenClock();
let gitlab: TestGitlab;

beforeAll(async () => {
  gitlab = await startGitlab({ clock });
});
afterAll(() => gitlab.close());
afterEach(() => {
  for (const name of Object.keys(gitlab.faults)) delete gitlab.faults[name as keyof typeof gitlab.faults];
});

const call = (path: string, init?: RequestInit, at = gitlab): Promise<Result> => callApi(at, path, init);

test('it issues ID tokens', async () => {
  const { json } = await call('/.well-known/openid-configuration');
  expect(json).toMatchObject({ issuer: gitlab.url, jwks_uri: gitlab.jwksUri });
  gitlab.rotate();
  const [header = ''] = gitlab.job().idToken().split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ kid: gitlab.key.kid });
});

describe('GET /api/v4/job', () => {
  const credentialSources: [string, (token: string) => [string, RequestInit]][] = [
    ['JOB-TOKEN', (token) => ['', sending({ 'JOB-TOKEN': token })]],
    ['job_token', (token) => [`?job_token=${token}`, {}]],
    ['Bearer', (token) => ['', sending({ authorization: `Bearer ${token}` })]],
    ['Basic', (token) => ['', sending({ authorization: basic('gitlab-ci-token', token) })]],
  ];
  test.each(credentialSources)('by %s', async (_name, carry) => {
    const job = gitlab.job();
    const [query, init] = carry(job.token);
    expect(await call(`/api/v4/job${query}`, init)).toMatchObject({
      status: 200,
      json: {
        id: job.id,
        status: 'running',
        ref: 'main',
        tag: false,
        pipeline: { id: 1212, project_id: 20, source: 'push' },
        user: { id: 3, username: 'ana', state: 'active' },
        web_url: `${gitlab.url}/acme/payments/-/jobs/${job.id}`,
      },
    });
  });

  test.each([
    ['glcbt-…', {}, /^glcbt-64_[\w-]{20}$/],
    ['with the prefix of the instance', { instancePrefix: 'acme' }, /^acme-glcbt-64_[\w-]{20}$/],
    ['a JWT', { form: 'jwt' as const }, /^glcbt-eyJ[\w-]+\.[\w-]+\.[\w-]+$/],
    ['both', { form: 'jwt' as const, instancePrefix: 'acme' }, /^acme-glcbt-eyJ[\w-]+\.[\w-]+\.[\w-]+$/],
  ])('tokens are %s', async (_name, form, shape) => {
    const { token } = gitlab.job(form);
    expect(token).toMatch(shape);
    expect(await call('/api/v4/job', sending({ 'JOB-TOKEN': token }))).toMatchObject({ status: 200 });
  });

  test('a missing or finished job is 401, another credential 404, no credential 401', async () => {
    const status = async (token: string): Promise<number> =>
      (await call('/api/v4/job', sending({ 'JOB-TOKEN': token }))).status;
    const job = gitlab.job({ status: 'pending' });
    expect(await status(job.token)).toBe(401);
    job.start();
    expect(await status(job.token)).toBe(200);
    job.cancel('gracefully');
    expect(await status(job.token)).toBe(200);
    for (const end of [job.finish, job.cancel, job.erase] as (() => void)[]) {
      job.start();
      end();
      expect(await status(job.token)).toBe(401);
    }
    expect(await call('/api/v4/job', sending({ 'JOB-TOKEN': 'glcbt-x' }))).toMatchObject({
      status: 401,
      json: { message: '401 Unauthorized' },
    });
    expect(await call('/api/v4/job', sending({ 'PRIVATE-TOKEN': gitlab.personalToken() }))).toMatchObject({
      status: 404,
      json: { message: '404 Not Found' },
    });
    expect((await call('/api/v4/job')).status).toBe(401);
  });
});

describe('faults that a test can configure', () => {
  test('per endpoint: status, rate limit, redirect, closed connection', async () => {
    const init = sending({ 'JOB-TOKEN': gitlab.job().token });
    gitlab.faults.releases = { kind: 'status', status: 503 };
    expect((await call('/api/v4/projects/20/releases', init)).status).toBe(503);
    expect((await call('/api/v4/job', init)).status).toBe(200);
    gitlab.faults.job = { kind: 'rate-limited', retryAfter: 60 };
    const limited = await call('/api/v4/job', init);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
    gitlab.faults.job = { kind: 'redirect', to: '/elsewhere' };
    expect((await call('/api/v4/job', init)).status).toBe(302);
    gitlab.faults.job = { kind: 'drop' };
    await expect(call('/api/v4/job', init)).rejects.toThrow();
    gitlab.faults.job = { kind: 'hang' };
    await expect(call('/api/v4/job', { ...init, signal: AbortSignal.timeout(100) })).rejects.toThrow();
  });

  test('latency', async () => {
    gitlab.latency.job = 80;
    const started = performance.now();
    await call('/api/v4/job');
    gitlab.latency.job = undefined;
    expect(performance.now() - started).toBeGreaterThan(75);
  });

  test('30 failures in 3 minutes block the address for an hour, also with valid credentials', async () => {
    const strict = await startGitlab({ clock, bans: ['job'] });
    const good = sending({ 'JOB-TOKEN': strict.job().token });
    const fail = (): Promise<Result> => call('/api/v4/job', sending({ 'JOB-TOKEN': 'glcbt-x' }), strict);
    for (let at = 0; at < 29; at++) expect((await fail()).status).toBe(401);
    clock.advance(180_000);
    expect((await fail()).status).toBe(401);
    expect((await call('/api/v4/job', good, strict)).status).toBe(200);
    for (let at = 0; at < 29; at++) expect((await fail()).status).toBe(401);
    expect(await call('/api/v4/job', good, strict)).toMatchObject({ status: 403, text: 'Forbidden\n' });
    clock.advance(3_600_000);
    expect((await call('/api/v4/job', good, strict)).status).toBe(200);
    await strict.close();
  });

  test('the recorded requests', async () => {
    const { length } = gitlab.seen;
    await call('/api/v4/job?job_token=x', sending({ 'x-probe': '1' }));
    await call('/nowhere');
    expect(gitlab.seen.slice(length)).toMatchObject([
      {
        endpoint: 'job',
        method: 'GET',
        target: '/api/v4/job?job_token=x',
        headers: { 'x-probe': '1' },
        status: 401,
      },
      { endpoint: undefined, target: '/nowhere', status: 404 },
    ]);
  });
});
