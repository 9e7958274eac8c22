/** threats.md, J17 and C4 for job tokens: only a job that GitLab currently confirms is authenticated. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createAuthenticator } from '../../src/credentials/index.ts';
import {
  FrozenClock,
  RecordingLog,
  idToken,
  issuerSettings,
  jobToken,
  jobTokenChecks,
  reasonOf,
} from '../support/authentication.ts';
import type { TestGitlab } from '../support/gitlab.ts';
import { testKeyring } from '../support/keyring.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { CACHE, useJobTokens } from '../support/job-tokens.ts';

const { clock, gitlab, rig, authenticate, reason } = useJobTokens();

describe('J17 a job token past the end of its job', () => {
  test.each([
    ['ends', (job) => job.finish()],
    ['is cancelled', (job) => job.cancel()],
    ['is being cancelled', (job) => job.cancel('gracefully')],
    ['is erased', (job) => job.erase()],
  ] satisfies [string, (job: ReturnType<TestGitlab['job']>) => void][])(
    'is refused within the cache time when the job %s, however often it is used',
    async (_name, end) => {
      const job = gitlab.job();
      expect(await reason(job.token)).toBe('verified');
      end(job);
      for (let at = 0; at < 30; at++) {
        expect(await reason(job.token)).toBe('verified');
        clock.advance(CACHE / 30);
      }
      expect(await reason(job.token)).toBe('job_not_running');
      expect(await reason(job.token)).toBe('job_not_running');
    },
  );

  test('an unreachable GitLab does not prolong it', async () => {
    const job = gitlab.job();
    expect(await reason(job.token)).toBe('verified');
    await gitlab.down();
    clock.advance(CACHE - 1);
    expect(await reason(job.token)).toBe('verified');
    clock.advance(1);
    for (let at = 0; at < 3; at++) expect(await reason(job.token)).toBe('issuer_unavailable');
    await gitlab.up();
    expect(await reason(job.token)).toBe('verified');
  });
});

describe('C4 cached refusals', () => {
  test.each([500, 403, 503])('a %d is not cached as a refusal', async (status) => {
    const { token } = gitlab.job();
    gitlab.faults.job = { kind: 'status', status };
    expect(await reason(token)).toBe('issuer_unavailable');
    gitlab.faults.job = undefined;
    clock.advance(5_000);
    expect(await reason(token)).toBe('verified');
  });

  test('forged tokens of one client cause at most 225 requests per minute, and do not block running jobs', async () => {
    const { token } = gitlab.job();
    expect(await reason(token)).toBe('verified');
    clock.advance(CACHE);
    const before = gitlab.count('job');
    const junk = Array.from({ length: 500 }, async (_, at) => reason(`glcbt-junk-${at}`));
    const reasons = await Promise.all(junk);
    expect(reasons.filter((text) => text === 'job_not_running')).toHaveLength(225);
    expect(reasons.filter((text) => text === 'issuer_unavailable')).toHaveLength(275);
    expect(gitlab.count('job')).toBe(before + 225);
    expect(await authenticate('glcbt-one-more')).toMatchObject({
      kind: 'unable',
      retryAfter: 60,
      overBudget: true,
    });
    expect(await reason(token)).toBe('verified');
    clock.advance(59_999);
    expect(await authenticate('glcbt-too-early')).toMatchObject({ kind: 'unable', retryAfter: 1 });
    clock.advance(1);
    await Promise.all(Array.from({ length: 500 }, async (_, at) => reason(`glcbt-later-${at}`)));
    expect(gitlab.count('job')).toBe(before + 226 + 225);
  });

  test(
    '10⁶ forged tokens use bounded memory and evict no confirmed tokens',
    { timeout: 240_000 },
    async () => {
      let calls = 0;
      const counting = { cacheHit() {}, cacheMiss() {}, verified() {}, keySetFetched() {}, jobChecked() {} };
      const no = {
        kind: 'response' as const,
        status: 401,
        headers: {},
        body: Buffer.from('{"message":"401 Unauthorized"}'),
      };
      const { token } = gitlab.job();
      const answer = await fetch(`${gitlab.apiUrl}/api/v4/job`, { headers: { 'job-token': token } });
      const yes = {
        kind: 'response' as const,
        status: 200,
        headers: {},
        body: Buffer.from(await answer.arrayBuffer()),
      };
      const egress = {
        get: async ({ headers }: { headers?: Readonly<Record<string, string>> }) => {
          calls += 1;
          return headers?.['job-token'] === token ? yes : no;
        },
        post: () => Promise.reject(new Error('unexpected')),
      };
      const own = new FrozenClock();
      const { forService } = createAuthenticator(
        {
          issuers: [issuerSettings(gitlab, { jobTokens: jobTokenChecks(864_000_000) })],
          services: [{ name: 'api' }],
          deployTokens: [],
          workloadIdentities: [],
          identities: [],
          server: { publicUrl: 'https://gateway.example.com' },
        },
        { egress, keyring: testKeyring(), clock: own, log: new RecordingLog(), meter: counting },
      );
      const api = forService('api');
      const good = await api(jobToken(token));
      const flood = async (from: number, to: number): Promise<void> => {
        for (let at = from; at < to; at++) {
          // Spaced so that the budget permits all of them, and each refusal is cached.
          own.advance(350);
          await api(jobToken(`glcbt-${at}`));
        }
      };
      await flood(0, 20_000);
      const before = heapUsed();
      await flood(20_000, 1_000_000);
      expect(calls).toBe(1_000_001);
      expect((heapUsed() - before) / 2 ** 20).toBeLessThan(8);
      expect(api(jobToken(token))).toBe(good);
    },
  );

  test('500 first uses of one token: one request, one object', async () => {
    const { token } = gitlab.job();
    const before = gitlab.count('job');
    gitlab.latency.job = 50;
    const results = await Promise.all(Array.from({ length: 500 }, async () => authenticate(token)));
    gitlab.latency.job = undefined;
    expect(new Set(results).size).toBe(1);
    expect(results.map(reasonOf)).toContain('verified');
    expect(gitlab.count('job')).toBe(before + 1);
  });
});

describe('a failed verification tries no other class', () => {
  test('a job token in JWT form is never verified as an ID token, and vice versa', async () => {
    const { token } = gitlab.job({ form: 'jwt' });
    const before = gitlab.count('job');
    expect(await rig.reason(token)).not.toBe('verified');
    expect(gitlab.count('job')).toBe(before);
    expect(await reason(token)).toBe('verified');
    expect(await rig.reason(token)).not.toBe('verified');

    const id = gitlab.job().idToken();
    expect(await rig.reason(id)).toBe('verified');
    expect(await reason(id)).toBe('job_not_running');
    expect(await rig.reason(id)).toBe('verified');
  });

  test('deploy and access tokens are not sent to GitLab as job tokens', async () => {
    const before = gitlab.count('job');
    const api = rig.authenticator.forService('api');
    for (const kind of ['deploy_token', 'access_token'] as const) {
      const reason = kind === 'access_token' ? 'signature_invalid' : 'credential_invalid';
      expect(await api({ ...idToken(gitlab.job().token), class: kind })).toMatchObject({ reason });
    }
    expect(gitlab.count('job')).toBe(before);
  });
});

describe('destinations of a job token', () => {
  test.each([
    ['a line end', 'glcbt-a\r\nPRIVATE-TOKEN: x'],
    ['a line feed', 'glcbt-a\nb'],
    ['NUL', 'glcbt-a\0b'],
    ['a space', 'glcbt-a b'],
    ['letters beyond ASCII', 'glcbt-ä'],
    ['an emoji', 'glcbt-😀'],
  ])('a token with %s is refused without a request to GitLab', (_name, token) => {
    const before = gitlab.seen.length;
    expect(authenticate(token)).toMatchObject({ kind: 'deny', reason: 'credential_malformed' });
    expect(gitlab.seen.length).toBe(before);
  });

  test('is not sent after a redirect', async () => {
    const evil = await startRecordingUpstream();
    gitlab.faults.job = { kind: 'redirect', to: `${evil.url}/api/v4/job` };
    expect(await reason(gitlab.job().token)).toBe('issuer_unavailable');
    expect(evil.accepted()).toBe(0);
    await evil.close();
  });

  test('is not part of a refusal, a log line or a claim', async () => {
    const job = gitlab.job();
    const outputs: unknown[] = [await authenticate(job.token)];
    clock.advance(CACHE);
    for (const fault of [
      { kind: 'status', status: 500 },
      { kind: 'body', body: `{"status":"${job.token}"}` },
      { kind: 'drop' },
    ] as const) {
      gitlab.faults.job = fault;
      outputs.push(await authenticate(job.token));
    }
    gitlab.faults.job = undefined;
    job.finish();
    outputs.push(await authenticate(job.token), rig.log.lines, rig.meter.calls);
    expect(rig.log.lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(outputs)).not.toContain(job.token.slice(6));
  });
});

/** Heap size after a garbage collection. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
