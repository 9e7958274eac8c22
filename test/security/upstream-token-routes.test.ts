/** X3: token-issuing routes of upstreams, requested from services of every type. Raw bytes in, raw bytes recorded. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';
import { useStarted } from '../support/use-started.ts';

const TYPES = [
  'http',
  'oci',
  'npm',
  'pypi',
  'maven',
  'nuget',
  'cargo',
  'go',
  'helm',
  'generic',
  'git',
  'gitlab',
] as const;
type Type = (typeof TYPES)[number];

const PACKAGES = '[read_package_registry, write_package_registry]';
const SCOPES: Readonly<Record<Type, string>> = {
  http: '[read_api, write_api]',
  oci: '[read_registry, write_registry]',
  npm: PACKAGES,
  pypi: PACKAGES,
  maven: PACKAGES,
  nuget: PACKAGES,
  cargo: PACKAGES,
  go: '[read_package_registry]',
  helm: PACKAGES,
  generic: PACKAGES,
  git: '[read_repository, write_repository]',
  gitlab: '[read_api, write_api, read_package_registry]',
};

/** The upstream's base path → the name of an additional `generic` and `http` service in front of it. */
const BASES = {
  '/api/packages/acme/conan/v2/': 'conan',
  '/api/v4/': 'api4',
  '/service/rest/': 'nexus',
  '/gitlab/-/user/': 'inside',
} as const;

const issuer = useStarted(() => startIssuer());
const upstream = useStarted(() => startRecordingUpstream());
const enforced = useScenario({
  backends: { issuer, upstream },
  config: () => configuration('mode: enforce'),
});
const shadow = useScenario({ backends: { issuer, upstream }, config: () => configuration('mode: shadow') });
let token: string;

beforeAll(() => {
  token = issuer.mint();
});
afterEach(() => {
  expect(upstream.bytes()).not.toContain(token);
  upstream.reset();
  upstream.respond(OK);
});

type Gateway = Pick<typeof enforced, 'gateway'>;

function configuration(mode: string): string {
  const bases = Object.entries(BASES).flatMap(([base, name]) =>
    (['http', 'generic'] as const).map((type) => ({
      name: `${type}-${name}`,
      type,
      path: `/${type}-${name}/`,
      base,
    })),
  );
  const all = [
    ...TYPES.map((type) => ({ name: type, type, path: type === 'oci' ? undefined : `/${type}/`, base: '/' })),
    ...bases,
    { name: 'hidden', type: 'generic' as const, path: '/hidden/', base: '/' },
  ];
  const services = all.map(({ name, type, path, base }) => {
    const at = path === undefined ? '' : `path: ${path}, `;
    const more = name === 'hidden' ? ', deny: conceal' : '';
    return `  ${name}: { type: ${type}, ${at}${mode}, upstream: { url: "${upstream.url}${base}", auth: { bearer: { token: canary-upstream } } }${more} }`;
  });
  const grants = all.map(
    ({ name, type }) => `{ service: ${name}, scopes: ${SCOPES[type]}, resources: ["**"] }`,
  );
  return `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, grants: [${grants.join(', ')}] }
services:
${services.join('\n')}
`;
}

function send(
  { gateway }: Gateway,
  line: string,
  lines: readonly string[] = [`Authorization: Bearer ${token}`, 'Connection: close'],
  body = '',
): Promise<RawResponse> {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  const head = [`${line} HTTP/1.1`, 'Host: gateway.example.com', ...lines, ...length, '', body];
  return rawResponse(gateway.port, head.join('\r\n'), { quiet: 5_000 });
}

/** The request has not reached the upstream, and the response contains the reason. */
async function expectRefused(gateway: Gateway, line: string): Promise<RawResponse> {
  const response = await send(gateway, line);
  expect([line, response.status, upstream.bytes()]).toEqual([line, 403, '']);
  if (!line.startsWith('HEAD ')) expect(response.body).toContain('operation_unknown');
  return response;
}

const prefix = (type: Type): string => (type === 'oci' ? '/v2/' : `/${type}/`);

/** Routes below the root of the upstream, requested with GET from every service type. */
const ROUTES = [
  'api/packages/acme/conan/v2/users/authenticate',
  'api/v4/packages/conan/v1/users/authenticate',
  'v2/users/authenticate',
  '-/user/org.couchdb.user:ci',
  '-/user/token/npm_abc',
  'repository/npm/-/user/org.couchdb.user:ci/-rev/1',
  '-/npm/v1/tokens',
  '-/npm/v1/tokens/token/1a2b',
  '-/npm/v1/user',
  '-/npm/v1/oidc/token/exchange/package/acme',
  '-/v1/login',
  '-/v1/done/abc',
  'api/v4/personal_access_tokens',
  'api/v4/personal_access_tokens/self/rotate',
  'api/v4/user/personal_access_tokens',
  'api/v4/users/7/personal_access_tokens',
  'api/v4/users/7/impersonation_tokens',
  'api/v4/projects/20/access_tokens',
  'api/v4/groups/3/access_tokens/9/rotate',
  'api/v4/projects/20/deploy_tokens',
  'api/v4/deploy_tokens',
  'api/v4/user/runners',
  'api/v4/projects/20/runners/reset_registration_token',
  'api/v4/projects/20/triggers',
  'api/v4/projects/20/triggers/4',
  'api/v4/projects/20/variables',
  'api/v4/groups/3/variables/KEY',
  'api/v4/projects/20/cluster_agents/5/tokens',
  'gitlab/api/v4/projects/20/access_tokens',
  'api/v4/user/support_pin',
  'api/v4/users/7/support_pin',
  'api/v4/groups/3/manage/personal_access_tokens/9/rotate',
  'api/v4/runner_controllers/5/tokens/9/rotate',
  'api/v4/projects/20/secure_files/4/download',
  'api/v4/projects/20/pipeline_schedules/3',
  'api/v4/projects/20/pipeline_schedules/3/take_ownership',
  'api/v4/projects/20/error_tracking/client_keys',
  'api/v4/application/settings',
  'api/v4/code_suggestions/direct_access',
  'api/v4/ai/duo_workflows/direct_access',
  'api/v4/virtual_registries/container/upstreams/2',
  'jwt/auth',
  'v2/token',
  'v2/auth',
  'service/token',
  'api/v1/users/ci/tokens',
  'login/oauth/access_token',
  'api/v1/repos/acme/api/actions/runners/registration-token',
  'repos/acme/api/actions/runners/registration-token',
  'repos/acme/api/actions/runners/remove-token',
  'repos/acme/api/actions/runners/generate-jitconfig',
  'orgs/acme/actions/runners/registration-token',
  'orgs/acme/actions/runners/remove-token',
  'api/v3/orgs/acme/actions/runners/generate-jitconfig',
  'app/installations/7/access_tokens',
  'api/v3/app/installations/7/access_tokens',
  'app-manifests/1a2b/conversions',
  'api/v3/admin/users/ci/authorizations',
  'repos/acme/api/secret-scanning/alerts',
  'repos/acme/api/secret-scanning/alerts/42',
  'api/v3/orgs/acme/secret-scanning/alerts',
  'enterprises/acme/secret-scanning/alerts',
  'api/v3/repositories/1296269/secret-scanning/alerts',
  'repositories/1296269/secret-scanning/alerts/42',
  'organizations/3430433/secret-scanning/alerts',
  'api/v1/repos/acme/api/hooks',
  'api/v1/repos/acme/api/hooks/3',
  'api/v1/orgs/acme/hooks',
  'api/v1/user/hooks',
  'api/v1/admin/hooks/3',
  'artifactory/api/npm/auth',
  'artifactory/api/npm/libs/auth/acme',
  'artifactory/api/security/token',
  'access/api/v1/tokens',
  'service/rest/internal/current-user/user-token',
  'service/rest/v1/security/users',
  'nexus/service/rest/internal/nuget-api-key',
  'api/v1/api_key',
  'api/v1/api_key.json',
  'api/v1/oidc/trusted_publisher/exchange_token',
  'api/v1/trusted_publishing/tokens',
  'api/v2/package/create-verification-key/acme/1.0.0',
  '_/oidc/mint-token',
  'root/+login',
  'acme/api.git/info/lfs/objects/batch',
];

/** GET shows public keys or does not exist; the other methods register a key, or check and reset a token. */
const WRITES = [
  'api/v4/user/keys',
  'api/v4/users/7/keys/3',
  'api/v4/user/gpg_keys',
  'api/v4/users/7/gpg_keys',
  'api/v4/deploy_keys',
  'api/v4/projects/20/deploy_keys',
  'api/v4/projects/20/deploy_keys/4/enable',
  'api/v4/groups/3/ssh_certificates',
  'repos/acme/api/keys',
  'api/v3/repos/acme/api/keys/',
  'user/keys',
  'api/v3/user/gpg_keys',
  'user/ssh_signing_keys',
  'api/v1/admin/users/ci/keys',
  'applications/Iv1.8a61f9b3a7aba766/token',
  'applications/Iv1.8a61f9b3a7aba766/token/scoped',
  'repositories/1296269/keys',
];

/** Ordinary APIs have such paths too, so on `http` its `operations` decide. */
const LEFT_TO_OPERATIONS = [
  'oauth/token',
  'oauth/authorize',
  'api/v2/token',
  'api/v1/me/tokens',
  'api/security/token',
];

describe.each(TYPES)('a service of type %s', (type) => {
  const routes = [...ROUTES, ...(type === 'http' ? [] : [...WRITES, ...LEFT_TO_OPERATIONS])]
    // In a registry these paths are repository names.
    .filter((route) => type !== 'oci' || !/^(?:access|api\/security|nexus)\//.test(route));

  test('forwards none of them under a policy that grants everything', async () => {
    for (const route of routes) await expectRefused(enforced, `GET ${prefix(type)}${route}`);
  });

  test('forwards none of them in shadow mode', async () => {
    for (const route of routes) await expectRefused(shadow, `GET ${prefix(type)}${route}`);
  });

  test('forwards no request that registers a key', async () => {
    for (const route of WRITES) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        await expectRefused(enforced, `${method} ${prefix(type)}${route}`);
        await expectRefused(shadow, `${method} ${prefix(type)}${route}`);
      }
    }
  });

  test('forwards them with no other method if the path is unambiguous', async () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE']) {
      await expectRefused(shadow, `${method} ${prefix(type)}-/npm/v1/tokens`);
      await expectRefused(shadow, `${method} ${prefix(type)}api/v4/projects/20/access_tokens`);
    }
  });
});

describe('spellings', () => {
  test.each([
    'V2/Users/AUTHENTICATE',
    'v2/users/authenticate/',
    'v2/users/%61uthenticate',
    'v2/u%73ers/authenticat%65/',
    'v2/users/authenticate.json',
    'v2/users/authenticate.',
    'v2/users/authenticate%20',
    'v2/users%20/authenticate',
    'v2/users/authenticate?x=/../../y',
    'a/b/c/d/e/v1/users/authenticate',
    'root/%2Blogin',
    'root/%2blogin',
    '-/user/org.couchdb.user%3Aci',
    '-/user/org.couchdb.user:%63i',
    'api/v4/Personal_Access_Tokens.json',
    '%2D/npm/v1/tokens',
  ])('generic and shadow http: %s', async (rest) => {
    await expectRefused(enforced, `GET /generic/${rest}`);
    await expectRefused(shadow, `GET /http/${rest}`);
  });

  test.each([
    'GET /generic/v2//users/authenticate',
    'GET /generic/v2/users/authenticate;x',
    'GET /generic/v2/users/x/../authenticate',
    'GET /generic/v2/users%2Fauthenticate',
    'GET /generic/v2%5Cusers/authenticate',
    'GET /generic/v2/users/%2561uthenticate',
    'GET /npm/-%2Fuser%2Ftoken',
    'GET /gitlab/api/v4%2Fpersonal_access_tokens',
  ])('an ambiguous path is refused as ambiguous: %s', async (line) => {
    expect([(await send(shadow, line)).status, upstream.bytes()]).toEqual([400, '']);
  });

  test.each([
    'GET /gitlab/api/v4/projects/acme%2Fpayments/access_tokens',
    'GET /gitlab/api/v4/projects/acme%2fpayments/variables/KEY',
    'GET /npm/@acme%2fv1/users/authenticate',
  ])('an encoded slash on a service type that supports it: %s', async (line) => {
    await expectRefused(shadow, line);
  });
});

describe('the upstream path decides', () => {
  test.each([
    ['conan', 'users/authenticate'],
    ['api4', 'personal_access_tokens'],
    ['api4', 'projects/20/deploy_tokens/3'],
    ['nexus', 'v1/security/users'],
    ['nexus', 'internal/current-user/user-token'],
    ['inside', 'org.couchdb.user:ci'],
    ['inside', ''],
  ])('base path of %s and %s', async (name, rest) => {
    for (const type of ['http', 'generic']) {
      await expectRefused(enforced, `GET /${type}-${name}/${rest}`);
      await expectRefused(shadow, `GET /${type}-${name}/${rest}`);
    }
  });

  test('the public prefix of the service is not part of the route', async () => {
    expect((await send(enforced, 'GET /generic-conan/users/list')).status).toBe(200);
    expect((await send(enforced, 'GET /generic-api4/projects/20')).status).toBe(200);
  });
});

describe('other routes are forwarded', () => {
  test.each([
    'GET /generic/users/authenticate',
    'GET /generic/v2/users/authenticate/readme.txt',
    'GET /generic/docs/user/tokens.md',
    'GET /generic/com/acme/api/security/1.0/security.jar',
    'PUT /maven/com/acme/oauth/token/1.0/token-1.0.jar',
    'PUT /maven/com/acme/service/rest/internal/1.0/internal-1.0.jar',
    'PUT /maven/com/acme/login/oauth/1.0/oauth-1.0.pom',
    'GET /npm/oauth',
    'GET /npm/auth/-/auth-1.0.0.tgz',
    'GET /npm/@user/tokens',
    'GET /cargo/to/ke/token',
    'GET /v2/oauth/token/manifests/latest',
    'GET /v2/jwt/auth/tags/list',
    'GET /v2/user/keys/manifests/latest',
    'GET /v2/applications/acme/token/manifests/latest',
    'GET /go/github.com/acme/user/keys/@v/list',
    'PUT /maven/com/acme/user/keys/1.0/keys-1.0.jar',
    'GET /generic/debian/keys/acme.asc',
    'GET /helm/charts/token-1.0.0.tgz',
    'GET /gitlab/api/v4/projects/20/packages/generic/app/1.0/variables',
  ])('%s', async (line) => {
    expect([line, (await send(enforced, line, undefined, line.startsWith('PUT') ? 'x' : '')).status]).toEqual(
      [line, 200],
    );
    expect(upstream.requests()).toHaveLength(1);
  });

  test.each(WRITES)('http: GET and HEAD %s, which show no credential', async (rest) => {
    for (const method of ['GET', 'HEAD']) {
      expect((await send(enforced, `${method} /http/${rest}`)).status).toBe(200);
      expect(upstream.requests().at(-1)?.requestLine).toBe(`${method} /${rest} HTTP/1.1`);
    }
  });

  test.each(['users/authenticate', 'v2/users/authenticate', 'v2/token', 'jwt/auth', 'oauth/token'])(
    'http: POST %s, a path of ordinary APIs',
    async (rest) => {
      expect((await send(enforced, `POST /http/${rest}`, undefined, '{}')).status).toBe(200);
      expect(upstream.requests().map(({ requestLine }) => requestLine)).toEqual([`POST /${rest} HTTP/1.1`]);
    },
  );

  test('git: a batch of Git LFS, whose response is rewritten', async () => {
    const lines = [`Authorization: Bearer ${token}`, 'Connection: close', 'Content-Type: application/json'];
    upstream.respond(
      'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.git-lfs+json\r\nContent-Length: 14\r\n\r\n{"objects":[]}',
    );
    const line = 'POST /git/acme/api.git/info/lfs/objects/batch';
    const response = await send(enforced, line, lines, '{"operation":"download","objects":[]}');
    expect([response.status, upstream.requests().length]).toEqual([200, 1]);
  });

  test('git: a batch with an invalid repository name is refused in shadow mode', async () => {
    await expectRefused(shadow, 'POST /git/.x/info/lfs/objects/batch');
  });
});

describe('the refusal', () => {
  test('names the route and the remedy; the audit event has the route and the identity', async () => {
    const response = await expectRefused(enforced, 'GET /http/v2/users/authenticate');
    expect(JSON.parse(response.body)).toMatchObject({
      error: 'operation_unknown',
      message:
        'On some servers this route issues or registers credentials of the upstream, so it is not forwarded, whatever the policy grants. Send your own credential with each request instead. If the upstream is another server, ask its operators to serve the route under another path.',
    });
    expect(await enforced.audited(response)).toMatchObject({
      event: { reason: 'operation_unknown', outcome: 'failure' },
      user: { name: 'ci' },
      gatehouse: {
        detail:
          'GET on v2/users/authenticate, which issues, shows or registers credentials of the upstream (Conan)',
      },
    });
  });

  test('is 401 without a credential', async () => {
    for (const gateway of [enforced, shadow]) {
      const response = await send(gateway, 'GET /generic/v2/users/authenticate', ['Connection: close']);
      expect([response.status, upstream.bytes()]).toEqual([401, '']);
    }
  });

  test('is 404 with deny: conceal', async () => {
    const response = await send(enforced, 'GET /hidden/v2/users/authenticate');
    expect([response.status, upstream.bytes()]).toEqual([404, '']);
    expect(response.body).not.toContain('credentials');
  });

  test('a WebSocket handshake is refused as well', async () => {
    const handshake = [
      `Authorization: Bearer ${token}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    for (const path of ['/http/-/v1/login', '/generic/v2/users/authenticate']) {
      for (const gateway of [enforced, shadow]) {
        expect([(await send(gateway, `GET ${path}`, handshake)).status, upstream.bytes()]).toEqual([403, '']);
      }
    }
  });
});

describe('X-Terraform-Get', () => {
  test.each([
    ['/api/v4/packages/m.tgz?token=canary-jwt&archive=tgz', '/gitlab/api/v4/packages/m.tgz?archive=tgz'],
    ['UPSTREAM/m.tgz?archive=tgz&token=canary-jwt', '/gitlab/m.tgz?archive=tgz'],
    ['./m.tgz?token=canary-jwt', './m.tgz'],
    ['https://elsewhere.example.com/m.tgz?token=canary-jwt', undefined],
    ['git::https://elsewhere.example.com/m.git?token=canary-jwt', undefined],
  ])('%s leads to the gateway or is removed', async (source, expected) => {
    const url = source.replace('UPSTREAM', upstream.url);
    upstream.respond(`HTTP/1.1 204 No Content\r\nX-Terraform-Get: ${url}\r\n\r\n`);
    const response = await send(
      enforced,
      'GET /gitlab/api/v4/projects/20/packages/terraform/modules/v1/acme/m/aws/1.0.0/download',
    );
    expect(response.status).toBe(204);
    expect(response.headers.get('x-terraform-get')).toBe(expected);
    expect(response.head).not.toContain('canary-jwt');
  });
});
