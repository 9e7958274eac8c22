/** `/oauth/token` and `/oauth/revoke`, one request at a time. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startGitlab, type TestDeployToken, type TestJob } from '../support/gitlab.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';

let job: TestJob;
let deployToken: TestDeployToken;

const scenario = useScenario({
  backends: {
    gitlab: async () => {
      const gitlab = await startGitlab();
      job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
      deployToken = gitlab.deployToken();
      return gitlab;
    },
    upstream: () => startRecordingUpstream(),
  },
  config: ({ gitlab, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 1ms }, deployTokens: {} } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [read_api, write_api], resources: ["**"] }
      - { service: files, scopes: [read_package_registry], resources: ["**"] }
  mirror:
    issuer: gitlab
    via: [deploy_token]
    match: { deploy_token_id: "${deployToken.id}" }
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
deployTokens:
  edge:
    username: edge+1
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  files: { type: generic, hosts: [files.example.com], path: /f/, upstream: { url: "${upstream.url}/" } }
  own: { type: http, path: /own/, audiences: ["https://own.example.com"], upstream: { url: "${upstream.url}/" } }
`,
  server: { limits: 'authFailures: { perAddress: 1000 }' },
});

type Json = Readonly<Record<string, unknown>>;
interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Reply> {
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${scenario.gateway.url}${path}`, {
    method: 'POST',
    headers: { ...type, ...headers },
    body,
  });
  const text = await response.text();
  const json = text.startsWith('{') ? (JSON.parse(text) as Json) : {};
  return { status: response.status, headers: response.headers, text, json };
}

type Parameters = Readonly<Record<string, string | readonly string[]>>;

function form(parameters: Parameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((each) => [name, each]),
  );
  return new URLSearchParams(pairs).toString();
}

function exchange(parameters: Parameters = {}, headers: Record<string, string> = {}): Promise<Reply> {
  const subject = { subject_token: job.idToken(), subject_token_type: `${TYPE}id_token` };
  return post('/oauth/token', form({ grant_type: EXCHANGE, ...subject, ...parameters }), headers);
}

const basic = (user: string, secret: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
});

async function use(token: unknown, method: string, path: string, host?: string): Promise<string> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `Bearer ${String(token)}`,
      ...(host === undefined ? {} : { Host: host }),
    };
    const sent = request(`${scenario.gateway.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve(`${response.statusCode} ${/error"?: ?"?(\w+)/.exec(text)?.[1] ?? ''}`.trim()),
      );
    });
    sent.on('error', reject).end();
  });
}

describe('an exchange', () => {
  test('gives a token for all services, with all that the identity has', async () => {
    const { status, headers, json } = await exchange();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toMatchObject({
      issued_token_type: `${TYPE}access_token`,
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'read_api read_package_registry write_api',
    });
    expect(await use(json['access_token'], 'POST', '/orders/x')).toBe('200');
    expect(await use(json['access_token'], 'GET', '/f/x', 'files.example.com')).toBe('200');
  });

  test.each([
    ['its name', { audience: 'files' }],
    ['its URL', { resource: 'https://files.example.com/f/' }],
    ['its URN', { audience: 'urn:gatehouse:service:files' }],
    ['two names of one', { audience: 'files', resource: 'https://files.example.com/f' }],
  ])('for one service by %s is good there and nowhere else', async (_what, target) => {
    const { json } = await exchange(target);
    expect(json['scope']).toBe('read_package_registry');
    expect(await use(json['access_token'], 'GET', '/f/x', 'files.example.com')).toBe('200');
    expect(await use(json['access_token'], 'GET', '/orders/x')).toBe('401 audience_mismatch');
  });

  test('with fewer scopes gives no more than those', async () => {
    const { json } = await exchange({ scope: 'read_api' });
    expect(json['scope']).toBe('read_api');
    expect(await use(json['access_token'], 'GET', '/orders/x')).toBe('200');
    expect(await use(json['access_token'], 'POST', '/orders/x')).toBe('403 insufficient_scope');
    expect(await use(json['access_token'], 'GET', '/f/x', 'files.example.com')).toBe(
      '403 insufficient_scope',
    );
  });

  test('takes a job token as an access token, for five minutes at most', async () => {
    const { status, json } = await exchange({
      subject_token: job.token,
      subject_token_type: `${TYPE}access_token`,
      audience: 'https://gateway.example.com',
    });
    expect([status, json['expires_in']]).toEqual([200, 300]);
    expect(await use(json['access_token'], 'GET', '/orders/x')).toBe('200');
  });

  test('accepts a token for a service with its own audiences at that service only', async () => {
    const subject_token = job.idToken({ aud: 'https://own.example.com' });
    expect((await exchange({ subject_token })).status).toBe(400);
    const elsewhere = await exchange({ subject_token, audience: 'orders' });
    expect(elsewhere.json['error']).toBe('invalid_request');
  });

  test.each<readonly [string, Parameters, string]>([
    ['an unknown service', { audience: 'nowhere' }, 'invalid_target'],
    ['a service of another audience', { audience: 'own' }, 'invalid_request'],
    ['two services', { audience: ['files', 'orders'] }, 'invalid_target'],
    ['a scope beyond', { scope: 'read_api delete_api' }, 'invalid_scope'],
    ['a scope of another service', { audience: 'files', scope: 'read_api' }, 'invalid_scope'],
    ['two blanks between scopes', { scope: 'read_api  write_api' }, 'invalid_scope'],
    ['no grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no subject', { subject_token: '' }, 'invalid_request'],
    ['another type of subject', { subject_token_type: `${TYPE}saml2` }, 'invalid_request'],
    ['an actor', { actor_token: 'x' }, 'invalid_request'],
    ['another type of result', { requested_token_type: `${TYPE}refresh_token` }, 'invalid_request'],
    ['a parameter twice', { scope: ['read_api', 'write_api'] }, 'invalid_request'],
    ['an id token as job token', { subject_token_type: `${TYPE}access_token` }, 'invalid_request'],
  ])('with %s: %s %s', async (_what, parameters, error) => {
    const { status, headers, json } = await exchange(parameters);
    expect([status, json['error']]).toEqual([400, error]);
    expect(json['error_description']).toContain(headers.get('x-request-id'));
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('tells every token that is not accepted the same', async () => {
    const tokens = [
      job.idToken({ project_id: '9' }),
      job.idToken({ aud: 'elsewhere' }),
      job.idToken({ exp: 1_000_000_000 }),
      `${job.idToken().slice(0, -8)}AAAAAAAA`,
      'hello',
      String((await exchange()).json['access_token']),
    ];
    const words = new Set<string>();
    for (const subject_token of tokens) {
      const { status, headers, json } = await exchange({ subject_token });
      const id = headers.get('x-request-id') ?? '';
      words.add(`${status} ${JSON.stringify(json).replaceAll(id, 'ID')}`);
    }
    expect([...words]).toEqual([
      '400 {"error":"invalid_request","error_description":"The token is not accepted. The audit log of the gateway contains the reason. (request id ID)"}',
    ]);
  });

  test('carries one credential', async () => {
    expect((await exchange({}, basic('edge+1', DEPLOY_SECRET))).json['error']).toBe('invalid_request');
    expect((await exchange({}, { 'Job-Token': job.token })).json['error']).toBe('invalid_request');
  });
});

describe('a deploy token', () => {
  const grant = form({ grant_type: 'client_credentials' });
  test.each([
    ['as curl sends it', basic('edge+1', DEPLOY_SECRET)],
    ['as RFC 6749 has it', basic('edge%2B1', DEPLOY_SECRET.replaceAll('_', '%5F'))],
  ])('is a client, %s', async (_what, headers) => {
    const { status, json } = await post('/oauth/token', grant, headers);
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: 'Bearer', scope: 'read_package_registry' });
    expect(json).not.toHaveProperty('issued_token_type');
    expect(await use(json['access_token'], 'GET', '/f/x', 'files.example.com')).toBe('200');
  });

  test.each([
    ['another secret', basic('edge+1', `ghdt_edge_${'8'.repeat(64)}`)],
    ['another user name', basic('edge', DEPLOY_SECRET)],
    ['no such client', basic('nobody', 'x')],
    ['nothing', {}],
  ])('is refused with %s', async (_what, headers) => {
    const { status, headers: sent, json } = await post('/oauth/token', grant, headers);
    expect([status, json['error']]).toEqual([401, 'invalid_client']);
    expect(sent.get('www-authenticate')).toMatch(/^Basic realm=/);
  });
});

test('a deploy token of GitLab is a client too', async () => {
  const headers = basic(deployToken.username, deployToken.token);
  const { status, json } = await post('/oauth/token', form({ grant_type: 'client_credentials' }), headers);
  expect([status, json['scope'], json['expires_in']]).toEqual([200, 'read_package_registry', 300]);
  expect(await use(json['access_token'], 'GET', '/f/x', 'files.example.com')).toBe('200');
});

describe('a job token', () => {
  const asJob = (token: string): Promise<Reply> =>
    exchange({ subject_token: token, subject_token_type: `${TYPE}access_token` });

  test('of a job that has ended is refused in the same words', async () => {
    const ended = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    expect((await asJob(ended.token)).status).toBe(200);
    ended.finish();
    const { status, headers, json } = await asJob(ended.token);
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
    expect((await scenario.gateway.audited(headers.get('x-request-id'))).event.reason).toBe(
      'job_not_running',
    );
  });

  test('503 while GitLab is unreachable, and no credential is rejected', async () => {
    const fresh = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    await scenario.gitlab.down();
    const { status, headers, json } = await asJob(fresh.token);
    expect([status, json['error'], headers.has('retry-after')]).toEqual([
      503,
      'temporarily_unavailable',
      true,
    ]);
    await scenario.gitlab.up();
    expect((await asJob(fresh.token)).status).toBe(200);
  });
});

test('methods and content types are refused in the standard’s form', async () => {
  const get = await fetch(`${scenario.gateway.url}/oauth/token`);
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  expect(((await get.json()) as Json)['error']).toBe('invalid_request');
  const json = await post('/oauth/token', '{}', { 'Content-Type': 'application/json' });
  expect([json.status, json.json['error']]).toEqual([400, 'invalid_request']);
  const large = await post('/oauth/token', 'x'.repeat(64 * 1024 + 1));
  expect([large.status, large.json['error']]).toEqual([413, 'invalid_request']);
});

describe('a revoked access token', () => {
  test('is good nowhere any more, and its source and siblings are', async () => {
    const subject_token = job.idToken();
    const [one, two] = [await exchange({ subject_token }), await exchange({ subject_token })];
    const revoked = await post('/oauth/revoke', form({ token: String(one.json['access_token']) }));
    expect([revoked.status, revoked.text, revoked.headers.get('cache-control')]).toEqual([
      200,
      '',
      'no-store',
    ]);
    expect(await use(one.json['access_token'], 'GET', '/orders/x')).toBe('401 revoked');
    expect(await use(two.json['access_token'], 'GET', '/orders/x')).toBe('200');
    expect(await use(subject_token, 'GET', '/orders/x')).toBe('200');
  });

  test.each<readonly [string, () => string]>([
    ['an id token', () => job.idToken()],
    ['junk', () => 'hello'],
    ['a forged one', () => `${job.idToken().slice(0, -8)}AAAAAAAA`],
  ])('%s is 200 too, and nothing is revoked', async (_what, token) => {
    const { status, text } = await post(
      '/oauth/revoke',
      form({ token: token(), token_type_hint: 'access_token' }),
    );
    expect([status, text]).toEqual([200, '']);
    const admin = await fetch(`${scenario.gateway.adminUrl}/revocations`);
    expect(await admin.text()).not.toContain('"target":"tokenHash"');
  });

  test('revocations of one project do not fill the list', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 62; i++) {
      const { json } = await exchange({ subject_token: job.idToken() });
      const { status } = await post('/oauth/revoke', form({ token: String(json['access_token']) }));
      statuses.push(status);
    }
    // One token was revoked above.
    expect(statuses).toEqual([...Array<number>(59).fill(200), 429, 429, 429]);
    const { json } = await post(
      '/oauth/token',
      'grant_type=client_credentials',
      basic('edge+1', DEPLOY_SECRET),
    );
    expect((await post('/oauth/revoke', form({ token: String(json['access_token']) }))).status).toBe(200);
  });

  test('without a token: invalid_request', async () => {
    expect((await post('/oauth/revoke', '')).json['error']).toBe('invalid_request');
  });
});
