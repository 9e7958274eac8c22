/** threats.md, group C: a cached verification must not be accepted where a new one would be refused. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  FrozenClock,
  authenticatorFor,
  idToken,
  issuerSettings,
  reasonOf,
} from '../support/authentication.ts';
import type { Rig } from '../support/authentication.ts';
import { startIssuer } from '../support/issuer.ts';
import type { TestIssuer } from '../support/issuer.ts';

const clock = new FrozenClock();
let issuer: TestIssuer;
let rig: Rig;

beforeAll(async () => {
  issuer = await startIssuer({ clock });
});
afterAll(() => issuer.close());
beforeEach(() => {
  const services = [
    { name: 'api' },
    { name: 'other', audiences: ['https://other.example.com'] },
    { name: 'github-only', issuers: ['github'] },
  ];
  rig = authenticatorFor([issuerSettings(issuer)], { clock, services });
});
afterEach(() => rig.close());

describe('C1 cache key', () => {
  test('a cached token is returned synchronously as the same object', async () => {
    const token = issuer.mint();
    const first = await rig.ask(token);
    const second = rig.ask(token);
    expect(second).not.toBeInstanceOf(Promise);
    expect(second).toBe(first);
    expect(await rig.ask(issuer.mint())).not.toBe(first);
  });

  test('the same claims with another signature are another token', async () => {
    const token = issuer.mint();
    await rig.ask(token);
    const [head, body, signature = ''] = token.split('.');
    const flipped = Buffer.from(signature, 'base64url');
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    expect(await rig.reason(`${head}.${body}.${flipped.toString('base64url')}`)).toBe('signature_invalid');
    const [, otherBody] = issuer.mint({ project_id: '1' }).split('.');
    expect(await rig.reason(`${head}.${otherBody}.${signature}`)).toBe('signature_invalid');
  });

  test('a cached ID token is not accepted as another class', async () => {
    const token = issuer.mint();
    await rig.ask(token);
    const asJobToken = { ...idToken(token), class: 'job_token' as const };
    expect(reasonOf(await rig.authenticator.forService('api')(asJobToken))).toBe('credential_invalid');
  });

  test('a token of one issuer is not accepted for another issuer with the same kid', async () => {
    const other = await startIssuer({ type: 'github', clock });
    const it = authenticatorFor([issuerSettings(issuer), issuerSettings(other)], { clock });
    expect(await it.reason(issuer.mint())).toBe('verified');
    expect(await it.reason(other.mint())).toBe('verified');
    expect(other.key.kid).toBe(issuer.key.kid);
    expect(await it.reason(issuer.mint({ iss: other.url }))).toBe('signature_invalid');
    await Promise.all([it.close(), other.close()]);
  });
});

test('C2 each service checks a cached token against its own audiences', async () => {
  const token = issuer.mint();
  expect(await rig.reason(token)).toBe('verified');
  const ask = (service: string): string => {
    const result = rig.authenticator.forService(service)(idToken(token));
    if (result instanceof Promise) throw new Error('not from the cache');
    return reasonOf(result);
  };
  expect(ask('other')).toBe('audience_mismatch');
  expect(reasonOf(await rig.authenticator.forService('github-only')(idToken(token)))).toBe('issuer_unknown');
  expect(ask('api')).toBe('verified');
});

describe('C3 past exp', () => {
  test.each([
    ['whole seconds', 10, 10_000],
    ['half a second', 0.5, 500],
  ])('%s: valid until just before, however often it is used', async (_name, lifetime, milliseconds) => {
    const token = issuer.mint({ exp: clock.now() / 1000 + lifetime });
    expect(await rig.reason(token)).toBe('verified');
    clock.advance(milliseconds - 1);
    for (let at = 0; at < 3; at++) expect(await rig.reason(token)).toBe('verified');
    clock.advance(1);
    for (let at = 0; at < 3; at++) expect(await rig.reason(token)).toBe('token_expired');
  });

  test.each([
    ['now', () => String(clock.now() / 1000), 'token_expired'],
    ['NaN', () => '"NaN"', 'credential_malformed'],
    ['infinite', () => '1e999', 'credential_malformed'],
  ])('a token with exp %s is not cached', async (_name, exp, reason) => {
    const now = clock.now() / 1000;
    const payload = `{"iss":"${issuer.url}","aud":"https://gateway.example.com","sub":"x","iat":${now},"exp":${exp()}}`;
    const token = issuer.mintUnsafe({ alg: 'RS256', kid: issuer.key.kid }, payload);
    for (let at = 0; at < 2; at++) expect(await rig.reason(token)).toBe(reason);
    expect(rig.meter.count('cacheHit id_token')).toBe(0);
  });

  test('a token that expires while its keys are fetched is refused', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    issuer.faults.jwks = { kind: 'wait', until: promise };
    const pending = rig.reason(issuer.mint({}, { lifetime: 5 }));
    clock.advance(5_000);
    resolve();
    expect(await pending).toBe('token_expired');
    issuer.faults.jwks = undefined;
  });
});

describe('C4 negative results', () => {
  test('an unreachable issuer is requested again, and the token is then accepted', async () => {
    issuer.faults.jwks = { kind: 'status', status: 500 };
    const token = issuer.mint();
    expect(await rig.reason(token)).toBe('issuer_unavailable');
    issuer.faults.jwks = undefined;
    clock.advance(1_000);
    expect(await rig.reason(token)).toBe('verified');
  });

  test('tokens that no service accepts evict no cache entries', async () => {
    const token = issuer.mint();
    await rig.ask(token);
    const otherAudience = issuer.mint({ aud: 'https://elsewhere.example.com' });
    for (let at = 0; at < 12_000; at++) await rig.ask(`junk-${at}`);
    for (let at = 0; at < 3; at++) expect(await rig.reason(otherAudience)).toBe('audience_mismatch');
    expect(rig.meter.count('cacheHit id_token')).toBe(0);
    expect(rig.ask(token)).not.toBeInstanceOf(Promise);
  });
});

describe('C5 stampede', () => {
  test('500 first uses of one token: one fetch, one verification, one object', async () => {
    const before = { ...issuer.requests };
    const token = issuer.mint();
    const results = await Promise.all(Array.from({ length: 500 }, async () => rig.ask(token)));
    expect(new Set(results).size).toBe(1);
    expect(results.map(reasonOf)).toContain('verified');
    expect(issuer.requests.discovery).toBe(before.discovery + 1);
    expect(issuer.requests.jwks).toBe(before.jwks + 1);
  });

  test('a shared verification does not share the accepted audience', async () => {
    const token = issuer.mint();
    const ask = (service: string): unknown => rig.authenticator.forService(service)(idToken(token));
    const [good, refused] = await Promise.all([ask('api'), ask('other')]);
    expect(good).toMatchObject({ class: 'id_token' });
    expect(refused).toMatchObject({ reason: 'audience_mismatch' });
  });
});

test('C6 cached tokens of a withdrawn key are refused at the next request', async () => {
  const token = issuer.mint();
  expect(await rig.reason(token)).toBe('verified');
  issuer.rotate();
  await rig.authenticator.fetchKeys();
  expect(await rig.reason(token)).toBe('signature_invalid');
  expect(await rig.reason(token)).toBe('signature_invalid');
});
