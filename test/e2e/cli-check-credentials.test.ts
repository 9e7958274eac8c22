/** `gatehouse check --online` obtains each upstream credential once, and reports its holder and rights, never a value. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { closeAfterTest } from '../support/clean-up.ts';
import { createClientKey } from '../support/client-keys.ts';
import { freePort } from '../support/free-port.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { startGithubApi } from '../support/github-api.ts';
import { PROVIDER, startGoogleSts } from '../support/google-sts.ts';
import { jsonResponse, startHostileEndpoint, type EndpointBehaviour } from '../support/hostile-endpoint.ts';
import { startIssuer } from '../support/issuer.ts';
import { ECR_LOGIN, startMoto } from '../support/moto.ts';
import { startOpenBao, VAULT_AUDIENCE } from '../support/openbao.ts';
import { needsPython } from '../support/python.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startTokenServer } from '../support/registry-token-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useStarted } from '../support/use-started.ts';

const AUDIENCE = 'https://orders.example.com';
const SECRET = 'canary-client-secret';
const KEY = createClientKey('ES256');
/** Parts of every secret and token in these tests. */
const VALUES = /canary|eyJ|ghs_|PRIVATE|auth-token/;

const upstream = useStarted(() => startRecordingUpstream());
const server = useStarted(() =>
  startAuthorizationServer([
    { id: 'gatehouse', secret: SECRET, method: 'client_secret_basic' },
    { id: 'signing', method: 'private_key_jwt', keys: [KEY.jwk] },
  ]),
);
const github = useStarted(() => startGithubApi());

interface Report {
  readonly code: number | null;
  /** `LEVEL: KIND: DETAIL` of the credentials of the service. */
  readonly lines: readonly string[];
}

interface Setup {
  readonly auth: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly type?: 'conan' | 'git' | 'http' | 'oci';
  /** Other keys of the service, and other sections. */
  readonly service?: string;
  readonly sections?: string;
}

/** Checks a configuration with one service, whose output must contain no secret. */
async function check({
  auth,
  files = {},
  type = 'http',
  service = '',
  sections = '',
}: Setup): Promise<Report> {
  const folder = temporaryFolder('credentials');
  closeAfterTest(folder);
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder.path, name), content, { mode: 0o600 });
  const file = join(folder.path, 'gatehouse.yaml');
  writeFileSync(
    file,
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com }
${sections}
services:
  orders: { type: ${type}, ${type === 'oci' ? '' : 'path: /orders/,'} ${service} upstream: { url: "${upstream.url}/", auth: { ${auth} } } }
`,
    { mode: 0o600 },
  );
  const { code, stdout, stderr } = await gatehouse('check', '--config', file, '--online');
  expect(stdout + stderr).not.toMatch(VALUES);
  const lines = [...stdout.matchAll(/^((?:ok|error): )services\.orders\.upstream\.auth\.(.+)$/gm)].map(
    ([, level = '', line = '']) => level + line.replaceAll(`${folder.path}/`, ''),
  );
  return { code, lines };
}

const client = (settings: string, endpoint = server.tokenEndpoint): string =>
  `tokenEndpoint: "${endpoint}", parameters: { resource: "${AUDIENCE}" }, ${settings}`;

test.each([
  [
    'a secret, with the granted scopes',
    `clientId: gatehouse, clientSecretFile: secret, scope: orders invoices`,
    'ok: oauth2: client gatehouse: a token for 5 minutes; it grants orders, invoices',
  ],
  [
    'a signed assertion',
    'clientId: signing, clientAssertion: { keyFile: key.pem, algorithm: ES256 }',
    'ok: oauth2: client signing: a token for 5 minutes',
  ],
  [
    'a wrong secret',
    'clientId: gatehouse, clientSecret: canary-wrong',
    'error: oauth2: client gatehouse: the token endpoint responded with 401 invalid_client; check clientId and its secret or assertion, scope and parameters',
  ],
])('oauth2 at oidc-provider: %s', async (_name, settings, line) => {
  const files = { secret: SECRET, 'key.pem': KEY.pem };
  const before = server.grants() + server.refusals();
  const { code, lines } = await check({ auth: `oauth2: { ${client(settings)} }`, files });
  expect(lines).toEqual([line]);
  expect({ code, lines }).toExitWith(line.startsWith('ok') ? 0 : 1);
  expect(server.grants() + server.refusals() - before).toBe(1);
});

test('an unreachable token endpoint', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}/token`;
  const auth = `oauth2: { ${client(`clientId: gatehouse, clientSecret: "${SECRET}"`, endpoint)} }`;
  expect(await check({ auth })).toEqual({
    code: 1,
    lines: [
      'error: oauth2: client gatehouse: the token endpoint: ECONNREFUSED; check tokenEndpoint and caFile',
    ],
  });
});

test('a token endpoint that repeats the secret and the token as scopes discloses neither', async () => {
  const echo = await startHostileEndpoint(
    new Map([
      [
        'echo',
        jsonResponse(200, {
          access_token: 'canary-token',
          token_type: 'Bearer',
          expires_in: 30,
          scope: `read ${SECRET} x-canary-token \u001b[31mcanary`,
        }),
      ],
    ]),
  );
  closeAfterTest(echo);
  const auth = `oauth2: { ${client(`clientId: gatehouse, clientSecret: "${SECRET}"`, `${echo.url}/echo`)} }`;
  expect((await check({ auth })).lines).toEqual([
    'ok: oauth2: client gatehouse: a token for 30 seconds; it grants read',
  ]);
});

test('each entry of perIdentity', async () => {
  const auth = `perIdentity: {
    default: { oauth2: { ${client(`clientId: gatehouse, clientSecret: "${SECRET}", scope: orders`)} } },
    payments: { bearer: { tokenFile: secret } } }`;
  const sections = `identities: { payments: { issuer: gitlab, match: { project_id: "20" }, grants: [] } }
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com", jwksFile: jwks.json } }`;
  const { lines } = await check({ auth, sections, files: { secret: SECRET, 'jwks.json': '{"keys":[]}' } });
  expect(lines).toEqual([
    'ok: perIdentity.default.oauth2: client gatehouse: a token for 5 minutes; it grants orders',
    'ok: perIdentity.payments.bearer: Bearer token: nothing to obtain; secret is readable',
  ]);
});

test.each([
  ['basic: { username: ci, passwordFile: secret }', 'basic: user ci: nothing to obtain; secret is readable'],
  [
    'header: { name: X-Key, value: canary }',
    'header: header X-Key: nothing to obtain; the configuration has the value',
  ],
])('static: %s', async (auth, line) => {
  expect(await check({ auth, files: { secret: SECRET } })).toEqual({ code: 0, lines: [`ok: ${line}`] });
});

test("the client's credential is not obtained", async () => {
  expect(await check({ auth: 'forwardCredential: true' })).toEqual({ code: 0, lines: [] });
});

test('tokenExchange: a token for the subject of the gateway; a subject that needs a caller', async () => {
  const sts = await startGoogleSts();
  const issuer = await startIssuer({ type: 'oidc' });
  closeAfterTest(sts);
  closeAfterTest(issuer);
  sts.provider = { jwksUri: issuer.jwksUri, audiences: [AUDIENCE] };
  const auth = (more: string): string =>
    `tokenExchange: { tokenEndpoint: "${sts.tokenEndpoint}", audience: "${PROVIDER}", scope: "https://www.googleapis.com/auth/cloud-platform", ${more} }`;
  const gateway = auth('subject: gateway, subjectTokenFile: subject');
  const subject = issuer.mint({ sub: 'gatehouse', aud: AUDIENCE });
  expect((await check({ auth: gateway, files: { subject } })).lines).toEqual([
    expect.stringMatching(/^ok: tokenExchange: no client, for subject: a token for (?:59|60) minutes$/),
  ]);
  expect((await check({ auth: gateway, files: { subject: 'canary' } })).lines).toEqual([
    expect.stringMatching(
      /^error: tokenExchange: no client, for subject: the token endpoint responded with 400 invalid_grant; check /,
    ),
  ]);
  const requests = sts.forms.length;
  const identityToken = await check({
    auth: auth('subject: callerIdToken'),
    service: `audiences: ["${AUDIENCE}"],`,
  });
  expect(identityToken.lines).toEqual([
    expect.stringMatching(
      /^ok: tokenExchange: no client, for callerIdToken: a token needs a caller and is not requested; the token endpoint responds \(status \d+\)$/,
    ),
  ]);
  // A request without a body is not a token request.
  expect(sts.forms.slice(requests).map(String)).toEqual(['']);
  await sts.close();
  expect((await check({ auth: auth('subject: caller') })).lines).toEqual([
    'error: tokenExchange: no client, for caller: the token endpoint: ECONNREFUSED; check tokenEndpoint and caFile',
  ]);
});

test.each([
  [
    'all rights of the installation',
    '',
    'app 4711, installation 7: a token for 59 minutes; it grants contents:write, issues:read, metadata:read',
  ],
  [
    'a static narrowing',
    'permissions: { contents: read }, repositories: [payments]',
    'app 4711, installation 7: a token for 59 minutes; it grants contents:read, metadata:read, repository acme/payments',
  ],
  [
    'a narrowing by claims',
    'permissions: { contents: read }, repositories: ["{claims.project_path}"]',
    'app 4711, installation 7: a token needs a caller and is not requested; the app is installed (installation 7); it grants contents:write, issues:read, metadata:read',
  ],
])('githubApp: %s', async (_name, narrowing, line) => {
  const issued = github.issued.length;
  const auth = `githubApp: { apiUrl: "${github.url}", appId: ${github.appId}, keyFile: key.pem, installation: 7, ${narrowing} }`;
  const { lines } = await check({ auth, files: { 'key.pem': github.pem.pkcs1 } });
  expect(lines).toEqual([`ok: githubApp: ${line}`]);
  expect(github.issued.length - issued).toBe(line.includes('needs a caller') ? 0 : 1);
});

test.each([
  [
    'the key of another app',
    'other',
    '7',
    /app 4711, installation 7: the GitHub API responded with 401; check appId/,
  ],
  [
    'an unknown repository',
    'pkcs1',
    'acme/none',
    /installation acme\/none: .* 404: .*; check appId, keyFile, inst/,
  ],
] as const)('githubApp: %s', async (_name, key, installation, line) => {
  const auth = `githubApp: { apiUrl: "${github.url}", appId: ${github.appId}, keyFile: key.pem, installation: ${installation} }`;
  const { code, lines } = await check({ auth, files: { 'key.pem': github.pem[key] } });
  expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(line)] });
});

test('registryToken: a token without scopes, and a refused password', async () => {
  const tokens = await startTokenServer('puller', SECRET);
  closeAfterTest(tokens);
  const auth = `registryToken: { url: "${tokens.url}", service: "${tokens.service}", username: puller, passwordFile: secret }`;
  expect((await check({ auth, type: 'oci', files: { secret: SECRET } })).lines).toEqual([
    'ok: registryToken: user puller: a token without scopes for 5 minutes',
  ]);
  expect(tokens.asked).toEqual([[]]);
  expect((await check({ auth, type: 'oci', files: { secret: 'canary-wrong' } })).lines).toEqual([
    'error: registryToken: user puller: the token service responded with 401; check username and password',
  ]);
});

test('conanToken: the login at the server, and a refused password', async () => {
  const login = await startHostileEndpoint(
    new Map<string, EndpointBehaviour>([
      [
        'v2',
        ({ headers }, res) => {
          const expected = `Basic ${Buffer.from(`robot:${SECRET}`).toString('base64')}`;
          res.writeHead(headers.authorization === expected ? 200 : 401).end('canary-conan-token');
        },
      ],
    ]),
  );
  closeAfterTest(login);
  const auth = `conanToken: { url: "${login.url}/v2/users/authenticate", username: robot, passwordFile: secret }`;
  expect((await check({ auth, type: 'conan', files: { secret: SECRET } })).lines).toEqual([
    'ok: conanToken: user robot: a token for 10 minutes',
  ]);
  expect((await check({ auth, type: 'conan', files: { secret: 'canary-wrong' } })).lines).toEqual([
    'error: conanToken: user robot: the login responded with 401; check username and password',
  ]);
});

test('a file that cannot be read ends the check with its name', async () => {
  const folder = temporaryFolder('unreadable');
  closeAfterTest(folder);
  const file = join(folder.path, 'gatehouse.yaml');
  mkdirSync(join(folder.path, 'secret'));
  writeFileSync(
    file,
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/", auth: { bearer: { tokenFile: secret } } } } }
`,
  );
  const { code, stdout, stderr } = await gatehouse('check', '--config', file, '--online');
  rmSync(join(folder.path, 'secret'), { recursive: true });
  expect({ code, stdout, stderr }).not.toExitWith(0);
  expect(stdout + stderr).toMatch(/secret/);
});

needsPython.describe('AWS and Vault', () => {
  needsPython.test(
    'aws at moto: the session of the role and the token of ECR; a role without the right',
    async () => {
      const moto = await startMoto({ now: Date.now });
      closeAfterTest(moto);
      const auth = (role: string): string =>
        `aws: { region: eu-central-1, roleArn: "${role}", webIdentityTokenFile: identity, service: ecr, endpoints: { sts: "${moto.url}/", ecr: "${moto.url}/" } }`;
      const files = { identity: 'eyJhbGciOiJub25lIn0.canary-web-identity.c2ln' };
      const granted = await check({ auth: auth(moto.roleArn), type: 'oci', files });
      expect(granted.lines).toEqual([
        expect.stringMatching(
          /^ok: aws: role arn:aws:iam::123456789012:role\/gatehouse: a session, and a token of ECR for (?:719|720) minutes$/,
        ),
      ]);
      expect(JSON.stringify(granted)).not.toContain(Buffer.from(ECR_LOGIN.password).toString('base64'));
      expect(moto.calls.map(({ action }) => action)).toEqual([
        'AssumeRoleWithWebIdentity',
        'GetAuthorizationToken',
      ]);
      expect((await check({ auth: auth(moto.deniedRoleArn), type: 'oci', files })).lines).toEqual([
        'error: aws: role arn:aws:iam::123456789012:role/other: Amazon ECR responded with 403; check roleArn, its trust policy and permissions, and webIdentityTokenFile',
      ]);
    },
  );

  needsPython.test('secrets in OpenBao: as the credential, and as the secret of a client', async () => {
    const issuer = await startIssuer({ type: 'oidc' });
    closeAfterTest(issuer);
    const bao = await startOpenBao();
    closeAfterTest(bao);
    await bao.acceptJwt(issuer);
    await bao.write('orders', { token: SECRET });
    const files = { jwt: issuer.mint({ sub: 'gatehouse', aud: VAULT_AUDIENCE }) };
    const login = `address: "${bao.url}", auth: { jwt: { role: gatehouse, tokenFile: jwt } }`;
    const field = (name: string): string => `{ path: secret/data/orders, field: ${name} }`;
    expect(
      (await check({ auth: `vault: { ${login}, path: secret/data/orders, field: token }`, files })).lines,
    ).toEqual([
      'ok: vault: secret/data/orders, field token: the vault accepts the login, which may read the field',
    ]);
    const secretClient = (name: string): Promise<Report> =>
      check({
        auth: `oauth2: { ${client(`clientId: gatehouse, clientSecretFromVault: ${field(name)}`)} }`,
        sections: `vault: { ${login} }`,
        files,
      });
    expect((await secretClient('token')).lines).toEqual([
      'ok: oauth2: client gatehouse: a token for 5 minutes',
    ]);
    expect((await secretClient('other')).lines).toEqual([
      expect.stringMatching(
        /^error: oauth2: client gatehouse: secret\/data\/orders has not been read from the vault; check vault$/,
      ),
    ]);
    expect(
      (
        await check({
          auth: `bearer: { tokenFromVault: ${field('token')} }`,
          sections: `vault: { ${login} }`,
          files,
        })
      ).lines,
    ).toEqual(['ok: bearer: Bearer token: nothing to obtain; the vault returns secret/data/orders']);
  });
});
