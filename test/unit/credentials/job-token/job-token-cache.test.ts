import { describe, expect, test } from 'vitest';
import type { EgressRequest } from '../../../../src/core/ports.ts';
import {
  authenticatorFor,
  issuerSettings,
  jobToken,
  jobTokenChecks,
} from '../../../support/authentication.ts';
import { startGitlab } from '../../../support/gitlab.ts';
import { CACHE, useJobTokens } from '../../../support/job-tokens.ts';

const { clock, gitlab, rig, rigFor, authenticate, reason } = useJobTokens();

describe('the cache', () => {
  test('returns the same object synchronously', async () => {
    const { token } = gitlab.job();
    const first = await authenticate(token);
    const before = gitlab.count('job');
    expect(authenticate(token)).toBe(first);
    clock.advance(CACHE - 1);
    expect(authenticate(token)).toBe(first);
    expect(gitlab.count('job')).toBe(before);
  });

  test('expires after its lifetime, however often it is used', async () => {
    const { token } = gitlab.job();
    const first = await authenticate(token);
    clock.advance(CACHE);
    const again = await authenticate(token);
    expect(again).not.toBe(first);
    expect(again).toMatchObject({ expiresAt: clock.now() + CACHE });
  });

  test('of 0 introspects at every use', async () => {
    const it = rigFor({ jobTokens: jobTokenChecks(0) });
    const job = gitlab.job();
    expect(await reason(job.token, it)).toBe('verified');
    job.finish();
    expect(await reason(job.token, it)).toBe('job_not_running');
    await it.close();
  });

  test('ignores results from the future', async () => {
    const job = gitlab.job();
    await authenticate(job.token);
    job.finish();
    clock.advance(-3_600_000);
    expect(await reason(job.token)).toBe('job_not_running');
    clock.advance(3_600_000);
  });

  test('is cleared by a refusal, also for a clock that is set back', async () => {
    const job = gitlab.job();
    await authenticate(job.token);
    clock.advance(CACHE);
    job.finish();
    expect(await reason(job.token)).toBe('job_not_running');
    clock.advance(-1);
    expect(await reason(job.token)).toBe('job_not_running');
    clock.advance(1);
  });

  test('is shared by the services of an issuer', async () => {
    const it = rigFor({}, [{ name: 'api' }, { name: 'other', audiences: ['https://other.example.com'] }]);
    const { token } = gitlab.job();
    const first = await authenticate(token, it);
    expect(it.authenticator.forService('other')(jobToken(token))).toBe(first);
    await it.close();
  });
});

describe('the selected issuer', () => {
  const services = [
    { name: 'api' },
    { name: 'first', issuers: ['gitlab'] },
    { name: 'none', issuers: ['gone'] },
  ];

  test('is the one of the service that accepts job tokens', async () => {
    const other = await startGitlab({ clock });
    const settings = [
      issuerSettings(gitlab, { jobTokens: jobTokenChecks(CACHE) }),
      issuerSettings(other, { name: 'second', jobTokens: jobTokenChecks(CACHE) }),
      issuerSettings(other, { name: 'third', issuer: 'https://third.example.com' }),
    ];
    const it = authenticatorFor(settings, { clock, services });
    const { token } = gitlab.job();
    const before = [gitlab.count('job'), other.count('job')];
    const say = async (name: string): Promise<unknown> => it.authenticator.forService(name)(jobToken(token));
    expect(await say('api')).toMatchObject({
      reason: 'credential_invalid',
      detail: 'several issuers accept job tokens',
    });
    expect(await say('none')).toMatchObject({
      reason: 'credential_invalid',
      detail: 'no issuer accepts job tokens',
    });
    expect(await it.authenticator.verify(jobToken(token))).toMatchObject({ reason: 'credential_invalid' });
    expect([gitlab.count('job'), other.count('job')]).toEqual(before);
    expect(await say('first')).toMatchObject({ class: 'job_token', issuer: 'gitlab' });
    expect(other.count('job')).toBe(before[1]);
    await Promise.all([it.close(), other.close()]);
  });

  test('is none if no issuer accepts them', async () => {
    const it = rigFor({ jobTokens: undefined });
    const before = gitlab.count('job');
    expect(authenticate(gitlab.job().token, it)).toMatchObject({
      reason: 'credential_invalid',
      detail: 'no issuer accepts job tokens',
    });
    expect(gitlab.count('job')).toBe(before);
    await it.close();
  });

  test.each([
    ['the issuer', {}, 'https://gitlab.example.com/api/v4/job'],
    ['a path', { issuer: 'https://example.com/gitlab' }, 'https://example.com/gitlab/api/v4/job'],
    ['apiUrl', { apiUrl: 'https://gitlab.internal:8443/' }, 'https://gitlab.internal:8443/api/v4/job'],
  ])('is requested at %s, within limits, with its own CA', async (_name, changes, url) => {
    const calls: EgressRequest[] = [];
    const egress = {
      get: (call: EgressRequest) => {
        calls.push(call);
        return Promise.resolve({ kind: 'failed' as const, detail: 'no answer within 5000 ms' });
      },
    };
    const base = {
      issuer: 'https://gitlab.example.com',
      caFile: '/etc/ca.pem',
      jobTokens: jobTokenChecks(CACHE),
    };
    const it = authenticatorFor([issuerSettings(gitlab, { ...base, ...changes })], { egress, clock });
    expect(await authenticate('glcbt-x', it)).toMatchObject({
      kind: 'unable',
      detail: 'issuer gitlab: no answer within 5000 ms',
    });
    expect(calls).toEqual([
      {
        url,
        headers: { 'job-token': 'glcbt-x', accept: 'application/json' },
        caFile: '/etc/ca.pem',
        deadline: 5_000,
        maxBytes: 262_144,
        pool: 'job tokens, first',
      },
    ]);
    await it.close();
  });
});

test('every verification is counted', async () => {
  const { token } = gitlab.job();
  await authenticate(token);
  await authenticate(token);
  await authenticate('glcbt-nobody');
  await authenticate('glcbt-nobody');
  gitlab.faults.job = { kind: 'status', status: 500 };
  await authenticate('glcbt-somebody');
  expect(rig.meter.calls).toEqual([
    'cacheMiss job_token',
    'verified job_token gitlab verified',
    'cacheHit job_token',
    'cacheMiss job_token',
    'verified job_token gitlab denied',
    'cacheHit job_token',
    'cacheMiss job_token',
    'verified job_token gitlab unable',
  ]);
});
