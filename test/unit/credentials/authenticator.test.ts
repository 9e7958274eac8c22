import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ISSUER_TYPES } from '../../../src/core/issuers/issuer-presets.ts';
import type { CredentialClass } from '../../../src/core/credentials/credential.ts';
import {
  FrozenClock,
  authenticatorFor,
  idToken,
  issuerSettings,
  reasonOf,
} from '../../support/authentication.ts';
import type { Rig } from '../../support/authentication.ts';
import { TENANT } from '../../support/issuer-claims.ts';
import { generateKey } from '../../support/issuer-keys.ts';
import { startIssuer } from '../../support/issuer.ts';
import type { TestIssuer } from '../../support/issuer.ts';

const clock = new FrozenClock();
let gitlab: TestIssuer;
let rig: Rig;

beforeAll(async () => {
  gitlab = await startIssuer({ clock });
});
afterAll(() => gitlab.close());
beforeEach(() => {
  rig = authenticatorFor([issuerSettings(gitlab)], { clock });
});
afterEach(() => rig.close());

/** Tokens of these issuers have no `jti`. */
const WITHOUT_ID: ReadonlySet<string> = new Set(['bitbucket', 'google', 'spiffe']);

describe('an ID token', () => {
  test.each(ISSUER_TYPES)('of %s', async (type) => {
    const issuer = await startIssuer({ type, clock });
    const it = authenticatorFor([issuerSettings(issuer)], { clock });
    const token = issuer.mint({ extra: 'kept' });
    expect(await it.ask(token)).toMatchObject({
      class: 'id_token',
      issuer: type,
      issuerUrl: issuer.url,
      jti: WITHOUT_ID.has(type) ? undefined : (expect.any(String) as string),
      tokenHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      expiresAt: clock.now() + 300_000,
      claims: { extra: 'kept' },
    });
    await Promise.all([it.close(), issuer.close()]);
  });

  test.each(['ES256', 'ES384', 'ES512', 'PS256', 'EdDSA'] as const)('signed with %s', async (alg) => {
    const issuer = await startIssuer({ type: 'oidc', alg, clock });
    const it = authenticatorFor([issuerSettings(issuer)], { clock });
    expect(await it.reason(issuer.mint())).toBe('verified');
    await Promise.all([it.close(), issuer.close()]);
  });

  test('of either form of an Entra tenant, for a client id with or without api://', async () => {
    const issuer = `https://login.microsoftonline.com/${TENANT}/v2.0`;
    const entra = await startIssuer({ type: 'entra', issuer, clock });
    const client = '33333333-4444-4555-8666-777777777777';
    const settings = issuerSettings(entra, { jwksUri: entra.jwksUri, audiences: [client] });
    const it = authenticatorFor([settings], { clock });
    const v1 = `https://sts.windows.net/${TENANT}/`;
    expect(await it.reason(entra.mint({ aud: client }))).toBe('verified');
    expect(await it.reason(entra.mint({ aud: `api://${client}`, iss: v1 }))).toBe('verified');
    expect(await it.reason(entra.mint({ aud: client, iss: v1.slice(0, -1) }))).toBe('issuer_unknown');
    expect(await it.reason(entra.mint({ aud: client, tid: 'other' }))).toBe('credential_invalid');
    await Promise.all([it.close(), entra.close()]);
  });
});

describe('algorithms', () => {
  test('are those of the issuer type; the configuration can only narrow them', async () => {
    const it = authenticatorFor([issuerSettings(gitlab, { algorithms: ['HS256', 'ES256', 'none'] })], {
      clock,
    });
    expect(await it.reason(gitlab.mint())).toBe('credential_invalid');
    await it.close();
  });

  test('a key with another alg does not verify', async () => {
    gitlab.published.push({ ...gitlab.key.jwk, kid: 'ps-only', alg: 'PS256' });
    expect(await rig.reason(gitlab.mint({}, { header: { kid: 'ps-only' } }))).toBe('signature_invalid');
    gitlab.published.pop();
  });

  test('any of several keys with one kid can verify', async () => {
    const twin = generateKey(gitlab.key.kid);
    gitlab.published.unshift(twin.jwk);
    expect(await rig.reason(gitlab.mint())).toBe('verified');
    expect(await rig.reason(gitlab.mint({}, { key: twin }))).toBe('verified');
    gitlab.published.shift();
  });
});

test('refuses other credential classes if no issuer accepts them', async () => {
  const ask = rig.authenticator.forService('api');
  const classes: readonly CredentialClass[] = ['job_token', 'deploy_token', 'access_token'];
  for (const kind of classes) {
    const result = await ask({ ...idToken(gitlab.mint()), class: kind });
    const reason = kind === 'access_token' ? 'signature_invalid' : 'credential_invalid';
    expect(result).toMatchObject({ kind: 'deny', reason });
  }
  expect(gitlab.requests.other).toBe(0);
});

test('the configured maximum lifetime applies', async () => {
  const it = authenticatorFor([issuerSettings(gitlab, { maxTokenLifetime: 60_000 })], { clock });
  expect(await it.reason(gitlab.mint({}, { lifetime: 60 }))).toBe('verified');
  expect(await it.reason(gitlab.mint({}, { lifetime: 61 }))).toBe('credential_invalid');
  await it.close();
});

describe('services', () => {
  const OTHER = 'https://other.example.com';
  const services = [
    { name: 'api' },
    { name: 'own-audience', audiences: [OTHER] },
    { name: 'other-issuer', issuers: ['github'] },
    { name: 'no-audience', audiences: [] },
    { name: 'typo', issuers: ['gitlabb'] },
  ];
  let it: Rig;
  beforeEach(() => {
    it = authenticatorFor([issuerSettings(gitlab)], { clock, services });
  });
  afterEach(() => it.close());

  const reasons = async (token: string): Promise<Record<string, string>> => {
    const pending = services.map(async ({ name }): Promise<[string, string]> => {
      return [name, reasonOf(await it.authenticator.forService(name)(idToken(token)))];
    });
    return Object.fromEntries(await Promise.all(pending));
  };

  test.each([
    ['https://gateway.example.com', 'verified', 'audience_mismatch'],
    [OTHER, 'audience_mismatch', 'verified'],
    [['x', OTHER, 'https://gateway.example.com'], 'verified', 'verified'],
    [`${OTHER}/`, 'audience_mismatch', 'audience_mismatch'],
  ])('aud %j', async (aud, api, ownAudience) => {
    const token = gitlab.mint({ aud });
    const expected = {
      api,
      'own-audience': ownAudience,
      'other-issuer': 'issuer_unknown',
      'no-audience': 'audience_mismatch',
      typo: 'issuer_unknown',
    };
    expect(await reasons(token)).toEqual(expected);
    // The same from the cache.
    expect(await reasons(token)).toEqual(expected);
  });

  test('an issuer that the service does not accept causes no key fetch', async () => {
    const { jwks } = gitlab.requests;
    const ask = it.authenticator.forService('other-issuer');
    expect(reasonOf(await ask(idToken(gitlab.mint())))).toBe('issuer_unknown');
    expect(gitlab.requests.jwks).toBe(jwks);
  });

  test('verify is independent of a service', async () => {
    const { verify } = it.authenticator;
    expect(reasonOf(await verify(idToken(gitlab.mint())))).toBe('verified');
    expect(reasonOf(await verify(idToken(gitlab.mint({ aud: OTHER }))))).toBe('audience_mismatch');
  });

  test('an unknown service throws', () => {
    expect(() => it.authenticator.forService('nobody')).toThrow('no service');
  });
});

test('two issuers cannot have the same iss', () => {
  const settings = [issuerSettings(gitlab), issuerSettings(gitlab, { name: 'twin' })];
  expect(() => authenticatorFor(settings)).toThrow(
    expect.objectContaining({ code: 'config_invalid' }) as Error,
  );
});

describe('readiness', () => {
  test('requires keys of all issuers, and reports errors', async () => {
    const github = await startIssuer({ type: 'github', clock });
    await github.down();
    const it = authenticatorFor([issuerSettings(gitlab), issuerSettings(github)], { clock });
    expect(it.authenticator.ready()).toBe(false);
    await it.authenticator.fetchKeys();
    expect(it.authenticator.ready()).toBe(false);
    expect(it.authenticator.issuers()).toMatchObject([
      {
        name: 'gitlab',
        url: gitlab.url,
        ready: true,
        keys: 1,
        fetchedAt: clock.now(),
        lastError: undefined,
      },
      { name: 'github', ready: false, keys: 0, fetchedAt: undefined },
    ]);
    expect(it.authenticator.issuers()[1]?.lastError).toContain('ECONNREFUSED');
    await github.up();
    await it.authenticator.fetchKeys();
    expect(it.authenticator.ready()).toBe(true);
    await Promise.all([it.close(), github.close()]);
  });

  test('start fetches the keys, and the first use waits for it', async () => {
    const before = gitlab.requests.jwks;
    rig.authenticator.start();
    expect(await rig.reason(gitlab.mint())).toBe('verified');
    expect(gitlab.requests.jwks).toBe(before + 1);
    expect(rig.authenticator.ready()).toBe(true);
  });
});

test('every verification is counted', async () => {
  await rig.ask('no token');
  await rig.ask(gitlab.mint({ iss: 'https://evil.example' }));
  const token = gitlab.mint();
  await rig.ask(token);
  await rig.ask(token);
  await rig.ask(gitlab.mint({ aud: 'x' }));
  expect(rig.meter.calls).toEqual([
    'cacheMiss id_token',
    'verified id_token - denied',
    'cacheMiss id_token',
    'verified id_token - denied',
    'cacheMiss id_token',
    'fetched gitlab success',
    'verified id_token gitlab verified',
    'cacheHit id_token',
    'cacheMiss id_token',
    'verified id_token gitlab denied',
  ]);
});
