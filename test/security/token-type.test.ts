/** threats.md J20: a JWT with another purpose is not an ID token (RFC 8725 §3.11, RFC 7515 §4.1.9). */
import { beforeEach, describe, expect, test } from 'vitest';
import { ISSUER_TYPES } from '../../src/core/issuers/issuer-presets.ts';
import { FrozenClock, authenticatorFor, issuerSettings } from '../support/authentication.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { rawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { configuration, errorsOf } from '../unit/config/loading.ts';
import { useScenario } from '../support/scenario.ts';

const ACCESS_TOKENS = 'tokenTypes: [at+jwt]';

const identity = (issuer: string): string => `
  ${issuer}:
    issuer: ${issuer}
    match: { project_id: "20" }
    roles: [reader]
    tokenLifetime: 1m`;
const scenario = useScenario({
  backends: {
    plain: () => startIssuer(),
    typed: () => startIssuer(),
    upstream: () => startRecordingUpstream(),
  },
  config: ({ plain, typed, upstream }) => `
issuers:
  plain: { type: gitlab, issuer: "${plain.url}" }
  typed: { type: gitlab, issuer: "${typed.url}", ${ACCESS_TOKENS} }
identities:${identity('plain')}${identity('typed')}
roles: { reader: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
workloadIdentities: { job@example.com: { identity: plain } }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
`,
  server: { limits: 'authFailures: { perAddress: 1000 }' },
});
beforeEach(() => scenario.upstream.reset());

async function authenticate(token: string): Promise<string> {
  const lines = ['GET /api/x HTTP/1.1', 'Host: gateway.example.com', `Authorization: Bearer ${token}`];
  const bytes = `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`;
  const { status, body } = await rawResponse(scenario.gateway.port, bytes, { quiet: 10_000 });
  if (status === 200) return '200';
  expect(scenario.upstream.bytes()).toBe('');
  return `${status} ${String((JSON.parse(body) as { error: unknown }).error)}`;
}

const withType = (issuer: TestIssuer, typ: unknown): string => issuer.mint({}, { header: { typ } });

const ID_TOKEN = [undefined, 'JWT', 'jwt', 'Jwt', 'application/jwt', 'APPLICATION/JWT'];
const ACCESS_TOKEN = ['at+jwt', 'AT+JWT', 'application/at+jwt'];
const OTHER = [
  'logout+jwt',
  'secevent+jwt',
  'application/secevent+jwt',
  'dpop+jwt',
  'oauth-authz-req+jwt',
  'gatehouse-assertion+jwt',
  'JOSE',
  'JWT ',
  '',
  'application/',
  'application/application/jwt',
  'text/jwt',
  'jwt;charset=utf-8',
  'xat+jwt',
  'at+jwt\u0000',
];
const MALFORMED = [null, 1, true, ['JWT'], { typ: 'JWT' }];

describe('J20 an issuer of ID tokens', () => {
  test.each(ID_TOKEN)('typ %j is accepted', async (typ) => {
    expect(await authenticate(withType(scenario.plain, typ))).toBe('200');
  });

  test.each([...ACCESS_TOKEN, ...OTHER])('typ %j is refused', async (typ) => {
    expect(await authenticate(withType(scenario.plain, typ))).toBe('401 credential_invalid');
  });

  test.each(MALFORMED)('typ %j is malformed', async (typ) => {
    expect(await authenticate(withType(scenario.plain, typ))).toBe('401 credential_malformed');
  });
});

describe(`J20 an issuer with ${ACCESS_TOKENS}`, () => {
  test.each([...ID_TOKEN, ...ACCESS_TOKEN])('typ %j is accepted', async (typ) => {
    expect(await authenticate(withType(scenario.typed, typ))).toBe('200');
  });

  test.each(OTHER)('typ %j is refused', async (typ) => {
    expect(await authenticate(withType(scenario.typed, typ))).toBe('401 credential_invalid');
  });
});

test.each(['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'at+jwt'])(
  'J20 %s is not exchanged either',
  async (typ) => {
    const exchanges: readonly RequestInit[] = [
      {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: withType(scenario.plain, typ), email: 'job@example.com' }),
      },
      {
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: withType(scenario.plain, typ),
          subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        }),
      },
    ];
    const answers = await Promise.all(
      exchanges.map((request, index) =>
        fetch(`${scenario.gateway.url}${index === 0 ? '/v1/auth:exchangeToken' : '/oauth/token'}`, {
          method: 'POST',
          ...request,
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 400]);
  },
);

test('J20 a reload that removes the type invalidates its tokens, also cached ones', async () => {
  const token = withType(scenario.typed, 'at+jwt');
  expect(await authenticate(token)).toBe('200');
  scenario.upstream.reset();
  expect(await scenario.gateway.reload((yaml) => yaml.replace(`, ${ACCESS_TOKENS}`, ''))).toBe(true);
  expect(await authenticate(token)).toBe('401 credential_invalid');
  expect(await authenticate(withType(scenario.typed, 'JWT'))).toBe('200');
  scenario.upstream.reset();
  expect(
    await scenario.gateway.reload((yaml) =>
      yaml.replace(`"${scenario.typed.url}"`, `"${scenario.typed.url}", ${ACCESS_TOKENS}`),
    ),
  ).toBe(true);
  expect(await authenticate(token)).toBe('200');
});

test.each(ISSUER_TYPES)('J20 tokens in the form of %s are accepted', async (type) => {
  const clock = new FrozenClock();
  const issuer = await startIssuer({ type, clock });
  const rig = authenticatorFor([issuerSettings(issuer)], { clock });
  // Kubernetes sets no typ (pkg/serviceaccount/jwt.go); all others set JWT.
  const header = type === 'kubernetes' ? { typ: undefined } : {};
  expect(await rig.reason(issuer.mint({}, { header }))).toBe('verified');
  await Promise.all([rig.close(), issuer.close()]);
});

test.each([
  ['[at+jwt]', []],
  ['[]', [expect.stringContaining('issuers.gitlab.tokenTypes: must not be an empty list')]],
  ['[logout+jwt]', [expect.stringMatching(/issuers\.gitlab\.tokenTypes\[0\]: .*at\+jwt/)]],
  ['[JWT]', [expect.stringMatching(/issuers\.gitlab\.tokenTypes\[0\]: .*at\+jwt/)]],
  ['at+jwt', [expect.stringContaining('issuers.gitlab.tokenTypes: expected a list')]],
])('J20 tokenTypes: %s', (value, errors) => {
  const issuers = `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, tokenTypes: ${value} } }`;
  expect(errorsOf(configuration({ issuers }))).toEqual(errors);
});
