/** threats.md, group J: forged and malformed tokens. Real issuers and real HTTP on loopback. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Deny } from '../../src/core/decision.ts';
import { FrozenClock, TIMING, authenticatorFor, issuerSettings } from '../support/authentication.ts';
import type { Rig } from '../support/authentication.ts';
import { encodePart, generateKey } from '../support/issuer-keys.ts';
import type { Part } from '../support/issuer-keys.ts';
import { AUDIENCE, startIssuer } from '../support/issuer.ts';
import type { TestIssuer } from '../support/issuer.ts';
import { mirrored } from '../support/malleable.ts';

const clock = new FrozenClock();
const NOW = (): number => clock.now() / 1000;
let issuer: TestIssuer;
let evil: { readonly url: string; connections: number; readonly server: Server };
let rig: Rig;

beforeAll(async () => {
  issuer = await startIssuer({ clock });
  const server = createServer((socket) => {
    evil.connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  evil = { url: `http://127.0.0.1:${port}`, connections: 0, server };
});
afterAll(async () => {
  expect(evil.connections).toBe(0);
  evil.server.close();
  await issuer.close();
});
beforeEach(async () => {
  rig = authenticatorFor([issuerSettings(issuer)], { clock });
  await rig.authenticator.fetchKeys();
});
afterEach(async () => {
  // Valid tokens are still accepted after each test.
  expect(await rig.reason(issuer.mint())).toBe('verified');
  await rig.close();
});

const header = (changes: object = {}): Record<string, unknown> => ({
  alg: 'RS256',
  kid: issuer.key.kid,
  ...changes,
});
const payload = (changes: object = {}): Record<string, unknown> => ({
  iss: issuer.url,
  aud: AUDIENCE,
  sub: 'job',
  iat: NOW(),
  exp: NOW() + 300,
  ...changes,
});

describe('J1 alg confusion', () => {
  test.each(['none', 'None', 'NONE', 'nOnE'])('alg %s', async (alg) => {
    const unsigned = `${encodePart(header({ alg }))}.${encodePart(payload())}`;
    expect(await rig.reason(`${unsigned}.`)).toBe('credential_malformed');
    expect(await rig.reason(`${unsigned}.AA`)).toBe('credential_invalid');
  });

  test.each(['pem', 'der'] as const)('HS256 with the public key as %s as the secret', async (format) => {
    const secret = issuer.key.publicKey.export({ type: 'spki', format });
    const input = `${encodePart(header({ alg: 'HS256' }))}.${encodePart(payload())}`;
    const mac = createHmac('sha256', secret).update(input).digest('base64url');
    expect(await rig.reason(`${input}.${mac}`)).toBe('credential_invalid');
  });

  test('a symmetric key in the key set is ignored', async () => {
    issuer.published.push({ kty: 'oct', kid: 'sym', k: 'c2VjcmV0', alg: 'HS256' });
    await rig.authenticator.fetchKeys();
    for (const alg of ['HS256', 'RS256']) {
      const input = `${encodePart(header({ alg, kid: 'sym' }))}.${encodePart(payload())}`;
      const mac = createHmac('sha256', 'secret').update(input).digest('base64url');
      expect(await rig.reason(`${input}.${mac}`)).toMatch(/^(credential|signature)_invalid$/);
    }
    issuer.published.pop();
  });

  test('another algorithm of the same key', async () => {
    const pss = { ...issuer.key, alg: 'PS256' as const };
    expect(await rig.reason(issuer.mint({}, { key: pss }))).toBe('credential_invalid');
  });

  test('an unknown key with a known kid', async () => {
    const forged = generateKey(issuer.key.kid);
    expect(await rig.reason(issuer.mint({}, { key: forged }))).toBe('signature_invalid');
  });

  test('claims changed after signing', async () => {
    const [head, , signature] = issuer.mint().split('.');
    const token = `${head}.${encodePart(payload({ project_id: '1' }))}.${signature}`;
    expect(await rig.reason(token)).toBe('signature_invalid');
  });
});

describe('J2 keys from the header', () => {
  const own = generateKey('own');
  test.each([
    ['jku', () => ({ jku: `${evil.url}/keys` })],
    ['x5u', () => ({ x5u: `${evil.url}/cert` })],
    ['jwk', () => ({ jwk: own.jwk })],
  ])('%s', async (_name, extra) => {
    const token = issuer.mintUnsafe(header({ kid: 'own', ...extra() }), payload(), own);
    expect(await rig.reason(token)).toBe('credential_invalid');
    expect(evil.connections).toBe(0);
  });

  test.each(['../../../etc/passwd', '/dev/null', 'x\u0000y', "' OR 1=1", '__proto__', 'constructor'])(
    'kid %j is a name and nothing else',
    async (kid) => {
      const token = issuer.mintUnsafe(header({ kid }), payload(), own);
      expect(await rig.reason(token)).toBe('signature_invalid');
    },
  );
});

test('J3 an issuer that is not configured causes no request', async () => {
  const before = { ...issuer.requests };
  for (const iss of [evil.url, `${issuer.url}/`, `${issuer.url}@${evil.url.slice(7)}`, `${issuer.url}\n`]) {
    expect(await rig.reason(issuer.mintUnsafe(header(), payload({ iss })))).toBe('issuer_unknown');
  }
  for (const iss of [[issuer.url], null, {}, undefined]) {
    expect(await rig.reason(issuer.mintUnsafe(header(), payload({ iss })))).toBe('credential_malformed');
  }
  expect(evil.connections).toBe(0);
  expect(issuer.requests.jwks).toBe(before.jwks);
});

describe('J4 discovery', () => {
  test.each([
    ['another issuer', () => (issuer.discovery['issuer'] = evil.url)],
    ['a foreign jwks_uri', () => (issuer.discovery['jwks_uri'] = `${evil.url}/keys`)],
    ['a redirect', () => (issuer.faults.discovery = { kind: 'redirect', to: evil.url })],
    ['a redirected key set', () => (issuer.faults.jwks = { kind: 'redirect', to: evil.url })],
    ['a huge document', () => (issuer.faults.discovery = { kind: 'huge', bytes: 600_000 })],
    ['a huge key set', () => (issuer.faults.jwks = { kind: 'huge', bytes: 600_000 })],
  ])('%s is refused', async (_name, plant) => {
    const fresh = authenticatorFor([issuerSettings(issuer)], { clock });
    plant();
    expect(await fresh.reason(issuer.mint())).toBe('issuer_unavailable');
    expect(fresh.authenticator.ready()).toBe(false);
    expect(evil.connections).toBe(0);
    for (const name of Object.keys(issuer.discovery)) delete issuer.discovery[name];
    issuer.faults.discovery = undefined;
    issuer.faults.jwks = undefined;
    await fresh.close();
  });
});

test.each([
  ['unknown crit', { crit: ['x'], x: 1 }],
  ['b64', { b64: false, crit: ['b64'] }],
  ['b64 without crit', { b64: false }],
])('J5 %s', async (_name, changes) => {
  expect(await rig.reason(issuer.mintUnsafe(header(changes), payload()))).toBe('credential_invalid');
});

describe('J6 duplicate names', () => {
  const twice = (object: object, extra: string): string => `${JSON.stringify(object).slice(0, -1)},${extra}}`;
  const cases: [string, () => [Part, Part]][] = [
    ['sub', () => [header(), twice(payload(), '"sub":"admin"')]],
    ['sub in other letters', () => [header(), twice(payload(), '"s\\u0075b":"admin"')]],
    ['deep inside', () => [header(), twice(payload(), '"x":[{"a":1,"a":2}]')]],
    ['alg', () => [twice(header(), '"alg":"none"'), payload()]],
  ];
  test.each(cases)('%s', async (_name, parts) => {
    expect(await rig.reason(issuer.mintUnsafe(...parts()))).toBe('credential_malformed');
  });
});

describe('J7 time claims', () => {
  const raw = (name: string, value: string): string =>
    `${JSON.stringify(payload({ [name]: undefined })).slice(0, -1)},"${name}":${value}}`;
  test.each([
    ['exp', '1e400', 'credential_malformed'],
    ['exp', '"2999999999"', 'credential_malformed'],
    ['exp', 'null', 'credential_malformed'],
    ['exp', '0', 'token_expired'],
    ['iat', '1e400', 'credential_malformed'],
    ['iat', '-1e400', 'credential_malformed'],
    ['iat', '4102444800', 'token_not_yet_valid'],
    ['nbf', '4102444800', 'token_not_yet_valid'],
    ['nbf', '1e400', 'credential_malformed'],
    ['exp', '4102444800', 'credential_invalid'],
    ['iat', '0', 'credential_invalid'],
  ])('%s %s → %s', async (name, value, reason) => {
    expect(await rig.reason(issuer.mintUnsafe(header(), raw(name, value)))).toBe(reason);
  });

  test.each(['exp', 'iat', 'sub', 'aud', 'iss'])('no %s', async (name) => {
    const token = issuer.mintUnsafe(header(), payload({ [name]: undefined }));
    expect(await rig.reason(token)).toBe('credential_malformed');
  });
});

describe('J9, J10 malformed tokens and bombs', () => {
  test.each([
    ['JWE', () => `${encodePart({ alg: 'RSA-OAEP', enc: 'A256GCM', zip: 'DEF' })}.AA.AA.AA.AA`],
    ['four parts', () => `${issuer.mint()}.AA`],
    ['JSON serialisation', () => JSON.stringify({ payload: 'AA', protected: 'AA', signature: 'AA' })],
    ['empty', () => ''],
    ['dots', () => '...'],
    ['text', () => 'not a token'],
    ['NUL', () => `${issuer.mint()}\u0000`],
    ['over 16 KiB', () => issuer.mint({ pad: 'x'.repeat(16_384) })],
    ['1 MiB', () => 'e'.repeat(2 ** 20)],
    ['deep', () => issuer.mintUnsafe(header(), '['.repeat(11_000))],
  ])('%s → credential_malformed', async (_name, token) => {
    expect(await rig.reason(token())).toBe('credential_malformed');
  });

  test('RSA-1024', async () => {
    const weak = generateKey('weak', 'RS256', 1024);
    issuer.published.push(weak.jwk);
    await rig.authenticator.fetchKeys();
    expect(await rig.reason(issuer.mint({}, { key: weak }))).toBe('signature_invalid');
    issuer.published.pop();
  });

  test('a token of nearly 16 KiB is accepted', async () => {
    expect(await rig.reason(issuer.mint({ pad: 'x'.repeat(11_000) }))).toBe('verified');
  });

  test('no refusal contains the token', async () => {
    const token = issuer.mint({ iss: `${evil.url}/${'x'.repeat(3_000)}` });
    const { detail } = (await rig.ask(token)) as Deny;
    expect(detail.length).toBeLessThan(200);
    for (const part of token.split('.')) expect(detail).not.toContain(part);
  });
});

describe('J11 canonical encoding', () => {
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  test('only the canonical encoding of a valid token is accepted', async () => {
    const token = issuer.mint();
    expect(await rig.reason(token)).toBe('verified');
    // 342 characters for 256 bytes: four bits of the last one are spare.
    const last = ALPHABET.indexOf(token.at(-1) ?? '');
    const respelt = `${token.slice(0, -1)}${ALPHABET[last ^ 1]}`;
    for (const other of [respelt, `${token}=`, `${token}\n`, ` ${token}`, `${token}.`]) {
      expect(await rig.reason(other)).toBe('credential_malformed');
    }
  });

  test('(r, n−s) verifies too, with the same jti and token hash and another hash over the whole token', async () => {
    const es = await startIssuer({ type: 'oidc', alg: 'ES256', clock });
    const it = authenticatorFor([issuerSettings(es)], { clock });
    const token = es.mint();
    const first = await it.ask(token);
    const second = await it.ask(mirrored(token));
    if ('kind' in first || 'kind' in second) throw new Error('both verify');
    expect([second.jti, second.tokenHash]).toEqual([first.jti, first.tokenHash]);
    expect(second.sentHash).not.toBe(first.sentHash);
    await Promise.all([it.close(), es.close()]);
  });
});

describe('J12 kid flood', () => {
  test('1,000 unknown kids cause one fetch per cooldown', async () => {
    const before = issuer.requests.jwks;
    const flood = Array.from({ length: 1_000 }, (_, at) =>
      rig.reason(issuer.mintUnsafe(header({ kid: `x${at}` }), payload())),
    );
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['signature_invalid']));
    expect(issuer.requests.jwks).toBe(before + 1);
    clock.advance(TIMING.cooldown);
    await rig.ask(issuer.mintUnsafe(header({ kid: 'y' }), payload()));
    expect(issuer.requests.jwks).toBe(before + 2);
  });

  test.each([
    ['broken JSON', { kind: 'body', body: '{"keys":' }],
    ['no keys', { kind: 'body', body: '{"keys":[]}' }],
    ['status 500', { kind: 'status', status: 500 }],
  ] as const)('%s: old keys stay, requests do not hammer', async (_name, fault) => {
    const fresh = authenticatorFor([issuerSettings(issuer)], { clock });
    expect(await fresh.reason(issuer.mint())).toBe('verified');
    issuer.faults.jwks = fault;
    const before = issuer.requests.jwks;
    for (let at = 0; at < 50; at++) {
      const token = issuer.mintUnsafe(header({ kid: `x${at}` }), payload());
      expect(await fresh.reason(token)).toBe('issuer_unavailable');
    }
    expect(issuer.requests.jwks).toBe(before + 1);
    expect(await fresh.reason(issuer.mint())).toBe('verified');
    issuer.faults.jwks = undefined;
    await fresh.close();
  });
});

describe('J13 rotation', () => {
  test('a new key is accepted after one fetch, and the old one is refused at once', async () => {
    const old = issuer.key;
    const cached = issuer.mint();
    expect(await rig.reason(cached)).toBe('verified');
    issuer.rotate();
    const before = issuer.requests.jwks;
    expect(await rig.reason(issuer.mint())).toBe('verified');
    expect(issuer.requests.jwks).toBe(before + 1);
    expect(await rig.reason(cached)).toBe('signature_invalid');
    expect(await rig.reason(issuer.mint({}, { key: old }))).toBe('signature_invalid');
  });

  test('an attacker who uses up the fetches delays it by two seconds, with 503', async () => {
    for (let at = 0; at < 10; at++)
      await rig.ask(issuer.mintUnsafe(header({ kid: `burn-${at}` }), payload()));
    const old = issuer.key;
    issuer.rotate();
    expect(await rig.reason(issuer.mint())).toBe('signing_key_pending');
    clock.advance(2_000);
    expect(await rig.reason(issuer.mint())).toBe('verified');
    expect(await rig.reason(issuer.mint({}, { key: old }))).toBe('signature_invalid');
  });
});

describe('J14 outage', () => {
  test('the last keys are used up to the stale limit; then 503, for cached tokens too', async () => {
    const local = await startIssuer({ type: 'kubernetes', clock });
    const it = authenticatorFor([issuerSettings(local)], { clock });
    const long = local.mint({}, { lifetime: 86_400 });
    expect(await it.reason(long)).toBe('verified');
    await local.down();
    clock.advance(TIMING.staleLimit);
    expect(await it.reason(long)).toBe('verified');
    expect(await it.reason(local.mint())).toBe('verified');
    expect(it.authenticator.ready()).toBe(true);
    clock.advance(1);
    expect(it.authenticator.ready()).toBe(false);
    expect(await it.ask(long)).toMatchObject({ kind: 'unable', reason: 'issuer_unavailable' });
    expect(await it.ask(local.mint())).toMatchObject({ kind: 'unable', retryAfter: 1 });
    await local.up();
    clock.advance(1_000);
    expect(await it.reason(long)).toBe('verified');
    await Promise.all([it.close(), local.close()]);
    await rig.authenticator.fetchKeys();
  });
});

test('J15 claims named like members of Object.prototype are plain claims', async () => {
  const text = `${JSON.stringify(payload()).slice(0, -1)},"__proto__":{"project_id":"1","admin":true},"constructor":"x"}`;
  const result = await rig.ask(issuer.mintUnsafe(header(), text));
  if ('kind' in result) throw new Error(result.reason);
  expect(Object.getPrototypeOf(result.claims)).toBe(Object.prototype);
  expect(result.claims['project_id']).toBeUndefined();
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  for (const name of ['sub', 'exp', 'aud', 'iss']) {
    const { [name]: value, ...rest } = payload();
    const hidden = `${JSON.stringify(rest).slice(0, -1)},"__proto__":${JSON.stringify({ [name]: value })}}`;
    expect(await rig.reason(issuer.mintUnsafe(header(), hidden))).toBe('credential_malformed');
  }
});

test('J16 the policy receives the claims exactly as signed', async () => {
  const claims = {
    sub: 'anything:the:project:wrote',
    project_id: '99',
    project_path: 'evil/fork',
    job_project_id: '20',
    ref: 'release/*:main',
  };
  const result = await rig.ask(issuer.mint(claims));
  if ('kind' in result) throw new Error(result.reason);
  expect(result.subject).toBe(claims.sub);
  expect(result.claims).toMatchObject(claims);
});
