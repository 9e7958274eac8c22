/** Built-in endpoints accept bodies with Content-Length and with chunked framing alike, on both listeners. */
import { describe, expect, test } from 'vitest';
import { curl } from '../support/curl.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { rawRequest, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const HOST = 'packages.example.com';

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  server: { limits: 'authFailures: { perAddress: 1000 }' },
  token: ({ issuer }) => issuer.mint({ aud: 'packages' }),
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", audiences: [packages] } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["**"] }
      - { service: pypi, scopes: [read_package_registry, write_package_registry], resources: ["**"] }
      - { service: registry, scopes: [read_registry], resources: ["**"] }
workloadIdentities:
  ci@workload.example.com: { identity: ci, audiences: [packages] }
services:
  registry: { type: oci, upstream: { url: "${upstream.url}/" } }
  npm:
    type: npm
    hosts: [${HOST}]
    path: /npm/
    trustedPublishing: { audience: packages }
    upstream: { url: "${upstream.url}/" }
  pypi:
    type: pypi
    hosts: [${HOST}]
    path: /pypi/
    trustedPublishing: { audience: packages }
    upstream: { url: "${upstream.url}/" }
`,
});

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const EXCHANGE_GRANT = 'urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange';
const JWT_TYPE = 'urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt';

interface Endpoint {
  readonly path: string;
  readonly host?: string;
  readonly type: string;
  /** A request that the endpoint accepts. */
  readonly body: () => string;
  readonly status: number;
  readonly admin?: boolean;
  readonly max?: number;
}

const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/token',
    type: FORM,
    body: () =>
      `grant_type=password&service=gateway.example.com&client_id=x&username=ci&password=${scenario.token}`,
    status: 200,
  },
  {
    path: '/oauth/token',
    type: FORM,
    body: () =>
      `grant_type=${EXCHANGE_GRANT}&subject_token=${scenario.token}&subject_token_type=${JWT_TYPE}&audience=npm`,
    status: 200,
  },
  { path: '/oauth/revoke', type: FORM, body: () => 'token=unknown', status: 200 },
  {
    path: '/v1/auth:exchangeToken',
    type: JSON_TYPE,
    body: () => JSON.stringify({ token: scenario.token, email: 'ci@workload.example.com' }),
    status: 200,
  },
  {
    path: '/-/npm/v1/oidc/token/exchange/package/@acme%2fui',
    host: HOST,
    type: JSON_TYPE,
    body: () => '{}',
    status: 200,
  },
  {
    path: '/_/oidc/mint-token',
    host: HOST,
    type: JSON_TYPE,
    body: () => JSON.stringify({ token: scenario.token }),
    status: 200,
  },
  {
    path: '/revocations',
    type: JSON_TYPE,
    body: () => JSON.stringify({ identity: 'nobody', reason: 'test' }),
    status: 201,
    admin: true,
    max: 16 * 1024,
  },
];

function portOf({ admin }: Endpoint): number {
  return admin === true ? Number(new URL(scenario.gateway.adminUrl).port) : scenario.gateway.port;
}

function headOf({ path, host, type, admin }: Endpoint, more: readonly string[]): string {
  const authorization = path.startsWith('/-/npm/') ? [`Authorization: Bearer ${scenario.token}`] : [];
  return [
    `POST ${path} HTTP/1.1`,
    `Host: ${admin === true ? 'localhost' : (host ?? 'gateway.example.com')}`,
    `Content-Type: ${type}`,
    ...authorization,
    ...more,
    '',
    '',
  ].join('\r\n');
}

/** Two chunks, and the end of a chunked body with these trailer fields. */
function chunked(body: string, trailers: readonly string[] = []): string {
  const half = Math.ceil(body.length / 2);
  const parts = [body.slice(0, half), body.slice(half)].filter((part) => part !== '');
  const chunks = parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`);
  return [...chunks, '0\r\n', ...trailers.map((line) => `${line}\r\n`), '\r\n'].join('');
}

function send(endpoint: Endpoint, bytes: string): Promise<readonly RawResponse[]> {
  return rawRequest(portOf(endpoint), bytes, { quiet: 300 });
}

const CHUNKED = 'Transfer-Encoding: chunked';

describe.each(ENDPOINTS.map((endpoint) => [endpoint.path, endpoint] as const))(
  'POST %s with a chunked body',
  (_path, endpoint) => {
    test('is accepted', async () => {
      const [response] = await send(endpoint, headOf(endpoint, [CHUNKED]) + chunked(endpoint.body()));
      expect([response?.status, response?.body]).toEqual([endpoint.status, expect.any(String)]);
    });

    test('is accepted with trailer fields, and its connection carries the next request', async () => {
      const trailers = ['Checksum: 1', 'Authorization: Bearer x'];
      const bytes = headOf(endpoint, [CHUNKED, 'Trailer: Checksum']) + chunked(endpoint.body(), trailers);
      const responses = await send(endpoint, bytes + bytes);
      expect(responses.map(({ status }) => status)).toHaveLength(2);
      expect(responses[0]?.status).toBe(endpoint.status);
    });

    test('is accepted after 100 Continue', async () => {
      const bytes = headOf(endpoint, [CHUNKED, 'Expect: 100-continue']) + chunked(endpoint.body());
      const responses = await send(endpoint, bytes);
      expect(responses.map(({ status }) => status)).toEqual([100, endpoint.status]);
    });

    test('has the size limit of a body with Content-Length', async () => {
      const max = endpoint.max ?? 64 * 1024;
      const [fits] = await send(endpoint, headOf(endpoint, [CHUNKED]) + chunked('x'.repeat(max)));
      expect(fits?.status).not.toBe(413);
      const [large] = await send(endpoint, headOf(endpoint, [CHUNKED]) + chunked('x'.repeat(max + 1)));
      expect(large?.status).toBe(413);
      expect(large?.headers.get('connection')).toBe('close');
      const [declared] = await send(
        endpoint,
        headOf(endpoint, [`Content-Length: ${max + 1}`, 'Expect: 100-continue']),
      );
      expect(declared?.status).toBe(endpoint.admin === true ? 100 : 413);
    });

    test('has no body without framing', async () => {
      const bytes = headOf(endpoint, []);
      const statuses = (await send(endpoint, bytes + bytes)).map(({ status }) => status);
      expect(statuses).toHaveLength(2);
      expect(statuses).not.toContain(408);
    });

    test('with an invalid chunk is 400', async () => {
      const [response, ...others] = await send(
        endpoint,
        `${headOf(endpoint, [CHUNKED])}5\r\nab\r\nzz\r\n\r\n`,
      );
      expect([response?.status, others]).toEqual([400, []]);
    });

    needs('curl').test('is accepted from curl', async () => {
      const headers = headOf(endpoint, [CHUNKED]).split('\r\n').slice(1).filter(Boolean);
      const response = await curl(
        ...headers.flatMap((line) => ['--header', line]),
        '--data-binary',
        endpoint.body(),
        `http://127.0.0.1:${portOf(endpoint)}${endpoint.path}`,
      );
      expect(response.status).toBe(endpoint.status);
    });
  },
);

test('a chunked revocation is effective', async () => {
  const [endpoint] = ENDPOINTS.filter(({ admin }) => admin === true);
  if (endpoint === undefined) throw new Error('no admin endpoint');
  expect(await scenario.statusOf('GET /v1/users/me')).toBe(200);
  const body = JSON.stringify({ identity: 'ci', reason: 'test' });
  const [response] = await send(endpoint, headOf(endpoint, [CHUNKED]) + chunked(body));
  expect(response?.status).toBe(201);
  expect(await scenario.statusOf('GET /v1/users/me')).toBe(401);
});
