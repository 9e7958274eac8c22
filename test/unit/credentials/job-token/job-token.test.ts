import { describe, expect, test } from 'vitest';
import { authenticatorFor, issuerSettings, jobTokenChecks } from '../../../support/authentication.ts';
import { jobAnswer } from '../../../support/gitlab-job-answer.ts';
import type { GitlabFault } from '../../../support/gitlab-server.ts';
import { startGitlab } from '../../../support/gitlab.ts';
import type { TestGitlab } from '../../../support/gitlab.ts';
import { CACHE, useJobTokens } from '../../../support/job-tokens.ts';

const { clock, gitlab, rig, authenticate, reason } = useJobTokens();

describe('the token of a running job', () => {
  test('is verified by introspection at GitLab', async () => {
    const job = gitlab.job();
    const verified = await authenticate(job.token);
    expect(verified).toMatchObject({
      class: 'job_token',
      issuer: 'gitlab',
      issuerUrl: gitlab.url,
      subject: 'project_path:acme/payments:ref_type:branch:ref:main',
      jti: undefined,
      tokenHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      expiresAt: clock.now() + CACHE,
      claims: { project_id: '20', project_path: 'acme/payments', job_id: String(job.id) },
    });
  });

  test.each([
    ['a branch', {}],
    ['a tag', { ref: 'v1', tag: true, pipeline: { source: 'web' } }],
    ['another project', { project: { id: 31, path: 'acme/web/ui' }, user: { id: 9, username: 'bo' } }],
  ])('has the claims of the ID token of the job, for %s', async (_name, options) => {
    const job = gitlab.job(options);
    const byJobToken = await authenticate(job.token);
    const byIdToken = await rig.ask(job.idToken());
    if ('kind' in byJobToken || 'kind' in byIdToken) throw new Error('not verified');
    expect(byIdToken.claims).toMatchObject(byJobToken.claims);
    expect(byJobToken.subject).toBe(byIdToken.subject);
  });

  test.each([
    ['plain', {}],
    ['with the prefix of the instance', { instancePrefix: 'acme' }],
    ['a JWT', { form: 'jwt' as const }],
    ['a JWT with the prefix of the instance', { form: 'jwt' as const, instancePrefix: 'acme' }],
  ])('is sent unchanged as a header: %s', async (_name, form) => {
    const { token } = gitlab.job(form);
    expect(await reason(token)).toBe('verified');
    const call = gitlab.seen.at(-1);
    expect(call).toMatchObject({ method: 'GET', target: '/api/v4/job', headers: { 'job-token': token } });
    expect(call?.headers.authorization).toBeUndefined();
  });
});

describe('a refusal', () => {
  test.each([
    ['that has ended well', (job) => job.finish()],
    ['that has failed', (job) => job.finish('failed')],
    ['that was cancelled', (job) => job.cancel()],
    ['that is being cancelled', (job) => job.cancel('gracefully')],
    ['that was erased', (job) => job.erase()],
  ] satisfies [string, (job: ReturnType<TestGitlab['job']>) => void][])('a job %s', async (_name, end) => {
    const job = gitlab.job();
    end(job);
    expect(await reason(job.token)).toBe('job_not_running');
  });

  test.each([
    ['made up', 'glcbt-64_xxxxxxxxxxxxxxxxxxxx', 'job_not_running'],
    ['over 16 KiB', `glcbt-${'x'.repeat(16_384)}`, 'credential_malformed'],
    ['empty', '', 'credential_malformed'],
  ])('a token that is %s', async (_name, token, expected) => {
    expect(await reason(token)).toBe(expected);
  });

  test('404: a credential of another class', async () => {
    gitlab.faults.job = { kind: 'status', status: 404 };
    expect(await reason(gitlab.job().token)).toBe('credential_invalid');
  });

  test('is cached for 10 s', async () => {
    const before = gitlab.count('job');
    for (let at = 0; at < 5; at++) expect(await reason('glcbt-remembered')).toBe('job_not_running');
    expect(authenticate('glcbt-remembered')).not.toBeInstanceOf(Promise);
    clock.advance(9_999);
    await authenticate('glcbt-remembered');
    expect(gitlab.count('job')).toBe(before + 1);
    clock.advance(1);
    await authenticate('glcbt-remembered');
    expect(gitlab.count('job')).toBe(before + 2);
  });
});

describe('without a response about the token', () => {
  test.each([
    ['403, which is a ban', { kind: 'status', status: 403 }],
    ['429', { kind: 'rate-limited', retryAfter: 7 }],
    ['500', { kind: 'status', status: 500 }],
    ['502', { kind: 'status', status: 502 }],
    ['204', { kind: 'status', status: 204 }],
    ['a redirect', { kind: 'redirect', to: '/users/sign_in' }],
    ['a page', { kind: 'body', body: '<html>Sign in</html>' }],
    ['nothing', { kind: 'body', body: '' }],
    ['a list', { kind: 'body', body: '[]' }],
    ['no job', { kind: 'body', body: '{"id":1}' }],
    ['a member twice', { kind: 'body', body: '{"status":"failed","status":"running"}' }],
    ['too much', { kind: 'huge', bytes: 300 * 1024 }],
    ['a cut connection', { kind: 'drop' }],
  ] satisfies [string, GitlabFault][])('%s is "unable", and is not remembered', async (_name, fault) => {
    const { token } = gitlab.job();
    gitlab.faults.job = fault;
    expect(await authenticate(token)).toMatchObject({ kind: 'unable', reason: 'issuer_unavailable' });
    gitlab.faults.job = undefined;
    clock.advance(10_000);
    expect(await reason(token)).toBe('verified');
  });

  test('an outage ends', async () => {
    const { token } = gitlab.job();
    await gitlab.down();
    expect(await reason(token)).toBe('issuer_unavailable');
    await gitlab.up();
    expect(await reason(token)).toBe('verified');
  });

  test.each([401, 404])('a %d of a proxy in front of GitLab is not a refusal', async (status) => {
    const egress = {
      get: async () => ({
        kind: 'response' as const,
        status,
        headers: {},
        body: Buffer.from('default backend'),
      }),
    };
    const settings = issuerSettings(gitlab, { jobTokens: jobTokenChecks(CACHE) });
    const it = authenticatorFor([settings], { egress, clock });
    expect(await reason(gitlab.job().token, it)).toBe('issuer_unavailable');
    await it.close();
  });

  test('a confirmed token is not accepted during the outage', async () => {
    const { token } = gitlab.job();
    expect(await reason(token)).toBe('verified');
    clock.advance(CACHE);
    gitlab.faults.job = { kind: 'status', status: 500 };
    expect(await reason(token)).toBe('issuer_unavailable');
  });

  test.each([
    ['as it says', 429, '7', 7],
    ['the default, for a Retry-After that is a date', 429, 'Fri, 21 Nov 2036 00:00:00 GMT', 5],
    ['a while, after a ban', 403, undefined, 5],
    ['at least a second', 429, '0', 1],
    ['no longer than a minute', 429, '86400', 60],
  ])('no requests are sent during backoff: %s', async (_name, status, retryAfter, seconds) => {
    let calls = 0;
    const headers = { 'retry-after': retryAfter };
    const egress = {
      get: async () => ({ kind: 'response' as const, status, headers, body: Buffer.alloc(++calls) }),
    };
    const settings = issuerSettings(gitlab, { jobTokens: jobTokenChecks(CACHE) });
    const it = authenticatorFor([settings], { egress, clock });
    expect(await authenticate('glcbt-a', it)).toMatchObject({ kind: 'unable', retryAfter: seconds });
    clock.advance(seconds * 1000 - 1);
    expect(await authenticate('glcbt-b', it)).toMatchObject({ kind: 'unable', retryAfter: 1 });
    expect(calls).toBe(1);
    clock.advance(1);
    await authenticate('glcbt-c', it);
    expect(calls).toBe(2);
    // A clock that is set back must not extend the backoff.
    clock.advance(-3_600_000);
    await authenticate('glcbt-d', it);
    expect(calls).toBe(3);
    clock.advance(3_600_000);
    await it.close();
  });

  test('an outage is logged once, and so is its end', async () => {
    const { token } = gitlab.job();
    gitlab.faults.job = { kind: 'status', status: 500 };
    for (let at = 0; at < 3; at++) await authenticate(token);
    gitlab.faults.job = undefined;
    for (let at = 0; at < 3; at++) await authenticate(token);
    expect(rig.log.lines).toEqual([
      {
        level: 'warn',
        message: 'job tokens cannot be verified',
        fields: { issuer: 'gitlab', reason: 'GitLab returned an unexpected 500' },
      },
      { level: 'info', message: 'job tokens can be verified again', fields: { issuer: 'gitlab' } },
    ]);
  });
});

test('the external URL can differ from the URL of the API', async () => {
  const issuer = 'https://gitlab.example.com';
  const behind = await startGitlab({ clock, issuer });
  const it = authenticatorFor(
    [issuerSettings(behind, { apiUrl: behind.apiUrl, jobTokens: jobTokenChecks(CACHE) })],
    { clock },
  );
  expect(await authenticate(behind.job().token, it)).toMatchObject({
    issuerUrl: issuer,
    claims: { project_path: 'acme/payments' },
  });
  const elsewhere = { ...jobAnswer([...behind.state.jobs.values()][0]!, 'https://evil.example') };
  behind.faults.job = { kind: 'body', body: JSON.stringify(elsewhere) };
  expect(await reason(behind.job().token, it)).toBe('credential_invalid');
  await Promise.all([it.close(), behind.close()]);
});
