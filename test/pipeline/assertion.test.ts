/** `X-Auth-Assertion`: the upstream can verify it, and no client can use it as a credential. */
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

const clock = new FrozenClock();
let issuer: TestIssuer;
let upstream: RecordingUpstream;
let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startIssuer({ clock }), startRecordingUpstream()]);
});
beforeEach(async () => {
  const service = (name: string, more: string): string =>
    `  ${name}: { type: http, path: /${name}/, assertion: true, upstream: { url: "${upstream.url}/" }, ${more} }\n`;
  gateway = await startGateway(
    `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [read_api], resources: ["/a/**"] }
      - { service: other, scopes: [read_api], resources: ["/**"] }
      - { service: registry, scopes: [read_registry], resources: ["**"] }
services:
${service('orders', 'anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]')}${service('other', 'mode: enforce')}${service('shadow', 'mode: shadow')}  plain: { type: http, path: /plain/, upstream: { url: "${upstream.url}/" }, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
`,
    { clock },
  );
  token = issuer.mint({}, { lifetime: 3_600 });
  return () => gateway.close();
});
afterEach(() => upstream.reset());
afterAll(() => Promise.all([issuer.close(), upstream.close()]));

function ask(target: string, ...lines: readonly string[]): Promise<RawResponse> {
  const head = [`GET ${target} HTTP/1.1`, 'Host: gateway.example.com', ...lines, 'Connection: close', '', ''];
  return rawResponse(gateway.port, head.join('\r\n'), { quiet: 10_000 });
}

/** Of one request of the job. */
async function assertion(target = '/orders/a/b', ...lines: readonly string[]): Promise<string> {
  upstream.reset();
  expect((await ask(target, `Authorization: Bearer ${token}`, ...lines)).status).toBe(200);
  const [value = '', ...more] = valuesOf(receivedBy(upstream), 'x-auth-assertion');
  expect(more).toEqual([]);
  return value;
}

/** The list of revocations is asked for again as time passes; a jump must not make it too old. */
async function advance(milliseconds: number): Promise<void> {
  clock.advance(milliseconds);
  await eventually('the revocations in step with the clock', async () => {
    return (await ask('/other/a', `Authorization: Bearer ${token}`)).status === 200;
  });
}

function verify(jwt: string, audience: string): Promise<{ payload: unknown }> {
  const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/jwks.json`));
  const options = {
    issuer: 'https://gateway.example.com',
    typ: 'gatehouse-assertion+jwt',
    audience,
    currentDate: new Date(clock.now()),
  };
  return jwtVerify(jwt, keys, options);
}

test('contains the caller, is valid for one service and one minute, and replaces a client’s header', async () => {
  const jwt = await assertion('/orders/a/b', 'X-Auth-Assertion: spoof', 'X_Auth_Assertion: spoof');
  expect(upstream.bytes()).not.toContain('spoof');
  const now = Math.floor(clock.now() / 1000);
  expect((await verify(jwt, 'urn:gatehouse:service:orders')).payload).toEqual({
    iss: 'https://gateway.example.com',
    aud: 'urn:gatehouse:service:orders',
    sub: 'payments',
    iat: now,
    nbf: now,
    exp: now + 60,
    jti: expect.any(String),
    src: {
      iss: issuer.url,
      sub: 'project_path:acme/payments:ref_type:branch:ref:main',
      credential: 'id_token',
    },
  });
  await expect(verify(jwt, 'urn:gatehouse:service:other')).rejects.toThrow(errors.JWTClaimValidationFailed);
  expect(await assertion('/other/a')).not.toBe(jwt);
});

test('an assertion is reused for most of its lifetime, renewed in the background, and not sent close to its expiry', async () => {
  const first = await assertion();
  await advance(29_000);
  expect(await assertion()).toBe(first);
  await advance(2_000);
  expect(await assertion()).toBe(first);
  await eventually('the next one', async () => (await assertion()) !== first);
  // After a long pause, the next request waits for a new assertion.
  await advance(50_000);
  const late = await assertion();
  await verify(late, 'urn:gatehouse:service:orders');
  await advance(49_000);
  await verify(await assertion(), 'urn:gatehouse:service:orders');
});

test('many who come at once have one', async () => {
  await Promise.all(Array.from({ length: 20 }, () => ask('/orders/a/b', `Authorization: Bearer ${token}`)));
  const sent = upstream.requests().flatMap((request) => valuesOf(request, 'x-auth-assertion'));
  expect(sent).toHaveLength(20);
  expect(new Set(sent).size).toBe(1);
});

test.each([
  ['nobody', '/orders/public/a', false],
  ['a caller that policy denies, in shadow mode', '/shadow/a', true],
  ['any caller of a service without `assertion`', '/plain/a', true],
])('none for %s', async (_who, target, withToken) => {
  expect((await ask(target, ...(withToken ? [`Authorization: Bearer ${token}`] : []))).status).toBe(200);
  expect(namesIn(receivedBy(upstream))).not.toContain('x-auth-assertion');
});

test('it is no credential: not here, not at the service that it is for, not for a login', async () => {
  const jwt = await assertion();
  expect(decodeProtectedHeader(jwt).typ).toBe('gatehouse-assertion+jwt');
  upstream.reset();
  const basic = Buffer.from(`x:${jwt}`).toString('base64');
  for (const line of [
    `Authorization: Bearer ${jwt}`,
    `Authorization: Basic ${basic}`,
    `JOB-TOKEN: ${jwt}`,
    `Deploy-Token: ${jwt}`,
  ]) {
    for (const target of ['/orders/a/b', '/orders/public/a', '/v2/']) {
      expect([target, line.slice(0, 20), (await ask(target, line)).status]).toEqual([
        target,
        line.slice(0, 20),
        401,
      ]);
    }
  }
  const login = await ask(
    '/token?service=gateway.example.com&scope=repository:a:pull',
    `Authorization: Basic ${basic}`,
  );
  expect(login.status).toBe(401);
  expect(upstream.bytes()).toBe('');
});
