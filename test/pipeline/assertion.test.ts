/** `X-Auth-Assertion`: the upstream can verify it, and no client can use it as a credential. */
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const clock = new FrozenClock();
const scenario = useScenarioPerTest({
  backends: { issuer: () => startIssuer({ clock }), upstream: () => startRecordingUpstream() },
  token: ({ issuer }) => issuer.mint({}, { lifetime: 3_600 }),
  clock,
  config: ({ issuer, upstream }) => `
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
${service('orders', upstream.url, 'anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]')}
${service('other', upstream.url, 'mode: enforce')}
${service('shadow', upstream.url, 'mode: shadow')}
  plain: { type: http, path: /plain/, upstream: { url: "${upstream.url}/" }, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
`,
});

function service(name: string, url: string, more: string): string {
  return `  ${name}: { type: http, path: /${name}/, assertion: true, upstream: { url: "${url}/" }, ${more} }`;
}

function ask(target: string, ...lines: readonly string[]): Promise<RawResponse> {
  const head = [
    `GET ${target} HTTP/1.1`,
    'Host: scenario.gateway.example.com',
    ...lines,
    'Connection: close',
    '',
    '',
  ];
  return rawResponse(scenario.gateway.port, head.join('\r\n'), { quiet: 10_000 });
}

/** Of one request of the job. */
async function assertion(target = '/orders/a/b', ...lines: readonly string[]): Promise<string> {
  scenario.upstream.reset();
  expect((await ask(target, `Authorization: Bearer ${scenario.token}`, ...lines)).status).toBe(200);
  const [value = '', ...more] = valuesOf(receivedBy(scenario.upstream), 'x-auth-assertion');
  expect(more).toEqual([]);
  return value;
}

/** The list of revocations is asked for again as time passes; a jump must not make it too old. */
async function advance(milliseconds: number): Promise<void> {
  clock.advance(milliseconds);
  await eventually('the revocations in step with the clock', async () => {
    return (await ask('/other/a', `Authorization: Bearer ${scenario.token}`)).status === 200;
  });
}

function verify(jwt: string, audience: string): Promise<{ payload: unknown }> {
  const keys = createRemoteJWKSet(new URL(`${scenario.gateway.url}/.well-known/jwks.json`));
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
  expect(scenario.upstream.bytes()).not.toContain('spoof');
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
      iss: scenario.issuer.url,
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
  await Promise.all(
    Array.from({ length: 20 }, () => ask('/orders/a/b', `Authorization: Bearer ${scenario.token}`)),
  );
  const sent = scenario.upstream.requests().flatMap((request) => valuesOf(request, 'x-auth-assertion'));
  expect(sent).toHaveLength(20);
  expect(new Set(sent).size).toBe(1);
});

test.each([
  ['nobody', '/orders/public/a', false],
  ['a caller that policy denies, in shadow mode', '/shadow/a', true],
  ['any caller of a service without `assertion`', '/plain/a', true],
])('none for %s', async (_who, target, withToken) => {
  expect((await ask(target, ...(withToken ? [`Authorization: Bearer ${scenario.token}`] : []))).status).toBe(
    200,
  );
  expect(namesIn(receivedBy(scenario.upstream))).not.toContain('x-auth-assertion');
});

test('it is no credential: not here, not at the service that it is for, not for a login', async () => {
  const jwt = await assertion();
  expect(decodeProtectedHeader(jwt).typ).toBe('gatehouse-assertion+jwt');
  scenario.upstream.reset();
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
    '/token?service=scenario.gateway.example.com&scope=repository:a:pull',
    `Authorization: Basic ${basic}`,
  );
  expect(login.status).toBe(401);
  expect(scenario.upstream.bytes()).toBe('');
});
