import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { keySource } from '../../../../src/credentials/id-token/key-source.ts';
import type { KeySetFailure } from '../../../../src/credentials/id-token/key-set-failure.ts';
import type { KeySource } from '../../../../src/credentials/id-token/key-source.ts';
import type { IssuerSettings } from '../../../../src/credentials/index.ts';
import type { EgressClient, EgressFailure, EgressRequest } from '../../../../src/core/ports.ts';
import { TIMING } from '../../../support/authentication.ts';
import { TENANT } from '../../../support/issuer-claims.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Web extends EgressClient {
  readonly requests: EgressRequest[];
}

const NO_ANSWER: EgressFailure = { kind: 'unreachable', detail: 'ECONNREFUSED' };

/** An egress client with fixed responses: URL → document, status or failure. */
function web(documents: Readonly<Record<string, unknown>>): Web {
  const requests: EgressRequest[] = [];
  return {
    requests,
    async get(request) {
      requests.push(request);
      const found = documents[request.url];
      if (found instanceof Error) throw found;
      if (found === NO_ANSWER) return NO_ANSWER;
      const kind = 'response';
      if (typeof found === 'number')
        return { kind, status: found, headers: {}, body: Buffer.from('{"keys":[]}') };
      if (found === undefined) return { kind, status: 404, headers: {}, body: Buffer.alloc(0) };
      const body = Buffer.from(typeof found === 'string' ? found : JSON.stringify(found));
      return { kind, status: 200, headers: {}, body };
    },
  };
}

function settings(changes: Partial<IssuerSettings>): IssuerSettings {
  return { name: 'i', type: 'oidc', issuer: 'https://i.example', audiences: ['a'], keys: TIMING, ...changes };
}

async function documentOf(source: KeySource): Promise<unknown> {
  const result = await source.read();
  return result.kind === 'document' ? result.value : result;
}

async function failureOf(source: KeySource): Promise<string | undefined> {
  const result = await source.read();
  return result.kind === 'document' ? undefined : (result satisfies KeySetFailure).detail;
}

const WELL_KNOWN = 'https://i.example/.well-known/openid-configuration';
const KEYS = { keys: ['of the issuer'] };

describe('discovery', () => {
  test.each([
    ['plain', {}, 'https://i.example', 'https://i.example'],
    ['slash', { issuer: 'https://i.example/' }, 'https://i.example', 'https://i.example/'],
    ['path', { issuer: 'https://i.example/a/b/' }, 'https://i.example/a/b', 'https://i.example/a/b/'],
    [
      'Entra v1 by its v2 document',
      { type: 'entra', issuer: `https://sts.windows.net/${TENANT}/` },
      `https://login.microsoftonline.com/${TENANT}/v2.0`,
      `https://login.microsoftonline.com/${TENANT}/v2.0`,
    ],
  ] as const)('%s', async (_name, changes, base, issuer) => {
    const jwksUri = `${new URL(base).origin}/keys`;
    const document = { issuer, jwks_uri: jwksUri };
    const egress = web({ [`${base}/.well-known/openid-configuration`]: document, [jwksUri]: KEYS });
    expect(await documentOf(keySource(settings(changes), egress))).toEqual(KEYS);
  });

  test.each([
    [
      'another issuer',
      { issuer: 'https://evil.example' },
      'has the issuer "https://evil.example", not https://i.example',
    ],
    [
      'issuer with a slash',
      { issuer: 'https://i.example/' },
      'has the issuer "https://i.example/", not https://i.example',
    ],
    ['a long issuer', { issuer: `https://i.example/${'x'.repeat(300)}` }, '…", not https://i.example'],
    ['no issuer', { issuer: undefined }, 'has no issuer'],
    ['no jwks_uri', { jwks_uri: undefined }, 'no usable jwks_uri'],
    ['relative jwks_uri', { jwks_uri: '/keys' }, 'no usable jwks_uri'],
    ['foreign jwks_uri', { jwks_uri: 'https://evil.example/keys' }, 'configure it as jwksUri'],
    ['other port', { jwks_uri: 'https://i.example:444/keys' }, 'configure it as jwksUri'],
    ['http', { jwks_uri: 'http://i.example/keys' }, 'configure it as jwksUri'],
    ['user part', { jwks_uri: 'https://i.example@evil.example/keys' }, 'configure it as jwksUri'],
    ['file', { jwks_uri: 'file:///etc/passwd' }, 'configure it as jwksUri'],
  ])('refuses %s', async (_name, changes, message) => {
    const document = { issuer: 'https://i.example', jwks_uri: 'https://i.example/keys', ...changes };
    const egress = web({ [WELL_KNOWN]: document });
    expect(await failureOf(keySource(settings({}), egress))).toContain(message);
    expect(egress.requests).toHaveLength(1);
  });

  test.each([
    ['a list', '[]', 'is not a JSON object'],
    ['HTML', '<html>', 'is not JSON'],
    ['a redirect', 302, 'returned 302'],
    ['an error', 500, 'returned 500'],
    ['no answer', NO_ANSWER, 'configuration: ECONNREFUSED'],
  ])('refuses %s', async (_name, answer, message) => {
    expect(await failureOf(keySource(settings({}), web({ [WELL_KNOWN]: answer })))).toContain(message);
  });

  test('Google publishes its keys at another host, which no other issuer can name', async () => {
    const jwksUri = 'https://www.googleapis.com/oauth2/v3/certs';
    const at = (issuer: string): Web =>
      web({
        [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: jwksUri },
        [jwksUri]: KEYS,
      });
    const google = settings({ type: 'google', issuer: 'https://accounts.google.com' });
    expect(await documentOf(keySource(google, at(google.issuer)))).toEqual(KEYS);
    expect(await failureOf(keySource(settings({}), at('https://i.example')))).toContain(
      'has a jwks_uri outside https://i.example;',
    );
  });

  test('a fault rejects', async () => {
    const source = keySource(settings({}), web({ [WELL_KNOWN]: new TypeError('a fault') }));
    await expect(source.read()).rejects.toThrow('a fault');
  });

  test('an http issuer is not requested', async () => {
    const egress = web({});
    const source = keySource(settings({ issuer: 'http://i.example' }), egress);
    expect(await failureOf(source)).toContain('is not https');
    expect(egress.requests).toEqual([]);
  });

  test.each(['http://localhost:8', 'http://127.9.9.9:8', 'http://[::1]:8'])(
    'a loopback issuer is requested: %s',
    async (issuer) => {
      const document = { issuer, jwks_uri: `${issuer}/keys` };
      const egress = web({
        [`${issuer}/.well-known/openid-configuration`]: document,
        [`${issuer}/keys`]: KEYS,
      });
      expect(await documentOf(keySource(settings({ issuer }), egress))).toEqual(KEYS);
    },
  );
});

describe('jwksUri', () => {
  const jwksUri = 'https://elsewhere.example/keys';

  test('is fetched without discovery, with deadline, size limit and certificate authorities', async () => {
    const egress = web({ [jwksUri]: KEYS });
    expect(await documentOf(keySource(settings({ jwksUri, caFile: '/ca.pem' }), egress))).toEqual(KEYS);
    expect(egress.requests).toMatchObject([
      { url: jwksUri, caFile: '/ca.pem', deadline: 5_000, maxBytes: 524_288 },
    ]);
    expect(egress.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('the bearer token is read for each request', async () => {
    const bearerTokenFile = join(folder, 'token');
    const egress = web({ [jwksUri]: KEYS });
    const source = keySource(settings({ jwksUri, bearerTokenFile }), egress);
    for (const token of ['one\n', 'two']) {
      writeFileSync(bearerTokenFile, token);
      await source.read();
    }
    const sent = egress.requests.map(({ headers }) => headers?.['authorization']);
    expect(sent).toEqual(['Bearer one', 'Bearer two']);
  });

  test.each([
    ['empty', '', 'does not contain exactly one token'],
    ['two lines', 'a\nb', 'does not contain exactly one token'],
    ['missing', undefined, 'ENOENT'],
  ])('a bearer token file that is %s is refused without a request', async (name, content, message) => {
    const bearerTokenFile = join(folder, name);
    if (content !== undefined) writeFileSync(bearerTokenFile, content);
    const egress = web({ [jwksUri]: KEYS });
    expect(await failureOf(keySource(settings({ jwksUri, bearerTokenFile }), egress))).toContain(message);
    expect(egress.requests).toEqual([]);
  });
});

describe('jwksFile', () => {
  test.each([
    ['good', '{"keys":[]}', undefined],
    ['not JSON', '{"keys":', 'is not JSON'],
    ['too large', ' '.repeat(524_289), 'is larger than'],
    ['missing', undefined, 'ENOENT'],
  ])('%s', async (name, content, message) => {
    const jwksFile = join(folder, `${name}.json`);
    if (content !== undefined) writeFileSync(jwksFile, content);
    const source = keySource(settings({ jwksFile }), web({}));
    if (message === undefined) expect(await documentOf(source)).toEqual({ keys: [] });
    else expect(await failureOf(source)).toContain(message);
  });
});
