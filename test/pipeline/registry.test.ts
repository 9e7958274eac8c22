/** Requests of registry clients, one at a time, against a registry that records what reaches it. */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const AUDIENCE = 'https://gateway.example.com';
const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

let ahead = 0;
let seen: { method: string; url: string; authorization: string | undefined }[] = [];
let stored: { url: string; headers: Record<string, unknown> }[] = [];

const startStorage = () =>
  startHttpUpstream((req, res) => {
    stored.push({ url: req.url ?? '', headers: req.headers });
    if (req.url === '/again') return void res.writeHead(302, { Location: '/layer?signature=s' }).end();
    res.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end('layer');
  });
const startUpstream = () =>
  startHttpUpstream((req, res) => {
    const { method = '', url = '', headers } = req;
    seen.push({ method, url, authorization: headers.authorization });
    req.resume();
    if (url.includes('/redirected/')) {
      const to = url.includes('/evil/') ? 'http://127.0.0.2:9' : scenario.storage.url;
      return void res.writeHead(307, { Location: `${to}/again` }).end();
    }
    if (method === 'POST') {
      const host = String(headers['x-forwarded-host']);
      const path = url.split('?')[0];
      return void res.writeHead(202, { Location: `http://${host}${path}some-id?_state=x%2By` }).end();
    }
    if (method === 'PATCH') return void req.on('end', () => res.writeHead(202).end());
    if (url.includes('/tags/list')) {
      res.setHeader(
        'Link',
        `<${scenario.upstream.url}/v2/acme/payments/api/tags/list?last=1&n=1>; rel="next"`,
      );
    }
    res.writeHead(200, { 'Content-Type': 'application/json', 'Docker-Content-Digest': DIGEST }).end('{}');
  });
const scenario = useScenario({
  backends: { issuer: () => startIssuer(), storage: startStorage, upstream: startUpstream },
  clock: { now: () => Date.now() + ahead },
  config: ({ issuer, storage, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    tokenLifetime: 10m
    grants:
      - { service: registry, scopes: [read_registry, write_registry, delete_registry], resources: ["acme/payments/**"] }
      - { service: followed, scopes: [read_registry], resources: ["**"] }
  lister:
    issuer: gitlab
    match: { project_id: "77" }
    grants: [{ service: registry, scopes: [read_registry], resources: ["**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${createHash('sha256').update(DEPLOY_SECRET).digest('hex')}"
    expires: 2999-01-01
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/**"] }]
services:
  registry:
    type: oci
    upstream: { url: "${upstream.url}" }
    anonymous: [{ scopes: [read_registry], resources: ["public/**"] }]
  followed:
    type: oci
    hosts: [followed.example.com]
    blobRedirects: follow
    upstream: { url: "${upstream.url}", redirectOrigins: ["${storage.url}"] }
  plain:
    type: oci
    hosts: [plain.example.com]
    challenge: basic
    upstream: { url: "${upstream.url}", redirectOrigins: ["${storage.url}"] }
`,
});
beforeEach(() => {
  seen = [];
  stored = [];
});

const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
const basic = (user: string, password: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const host = (): string => `127.0.0.1:${scenario.gateway.port}`;

function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Response> {
  return fetch(`${scenario.gateway.url}${path}`, {
    method,
    headers,
    redirect: 'manual',
    ...(body !== undefined && { body }),
  });
}

interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends the path unchanged: fetch would resolve dot segments and set Host. */
function raw(path: string, headers: Record<string, string>, method = 'GET'): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: scenario.gateway.port, method, path, headers }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (text: string) => (body += text));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

interface TokenAnswer {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly scope?: string;
}

async function token(
  scope: string | readonly string[],
  headers = basic('ci', scenario.issuer.mint()),
): Promise<TokenAnswer> {
  const query = new URLSearchParams({ service: host() });
  for (const one of [scope].flat()) query.append('scope', one);
  const response = await ask('GET', `/token?${query.toString()}`, headers);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return (await response.json()) as TokenAnswer;
}

function payloadOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

describe('challenge', () => {
  test('names the token endpoint of the host, and what would be needed', async () => {
    const response = await ask('GET', '/v2/acme/payments/api/manifests/1');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="https://${host()}/token",service="${host()}",scope="repository:acme/payments/api:pull"`,
    );
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
    expect(await response.json()).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
  });

  test('the ping has no scope, and is 401 although some repositories are public', async () => {
    const response = await ask('GET', '/v2/');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="https://${host()}/token",service="${host()}"`,
    );
    const good = await ask('GET', '/v2/', bearer(scenario.issuer.mint()));
    expect([good.status, await good.text()]).toEqual([200, '{}']);
    expect(seen).toEqual([]);
  });

  test('a push requires pull and push; an expired token is reported as expired', async () => {
    const response = await ask(
      'POST',
      '/v2/acme/payments/api/blobs/uploads/',
      bearer(scenario.issuer.mint({}, { lifetime: -10 })),
    );
    expect(response.headers.get('www-authenticate')).toMatch(
      /scope="repository:acme\/payments\/api:pull,push",error="invalid_token"$/,
    );
  });
});

describe('token endpoint', () => {
  test('grants the intersection, even if it is empty', async () => {
    const given = await token([
      'repository:acme/payments/api:pull,push repository:acme/web/api:pull,push',
      'repository:public/x:pull,push',
      'registry:catalog:*',
      'nonsense',
    ]);
    expect(given.token).toBe(given.access_token);
    expect(given.expires_in).toBe(600);
    expect(given.scope).toBe('repository:acme/payments/api:pull,push repository:public/x:pull');
    expect(payloadOf(given.token)).toMatchObject({
      iss: AUDIENCE,
      aud: host(),
      sub: 'ci',
      src: { issuer: 'gitlab', credential: 'id_token', claims: { project_id: '20' } },
    });
    expect((await token('repository:acme/web/api:pull')).scope).toBeUndefined();
  });

  test('POST with a password is the same', async () => {
    const body = new URLSearchParams({
      grant_type: 'password',
      service: host(),
      username: 'ci',
      password: scenario.issuer.mint(),
      scope: 'repository:acme/payments/api:pull',
      client_id: 'x',
    });
    const response = await fetch(`${scenario.gateway.url}/token`, { method: 'POST', body });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ scope: 'repository:acme/payments/api:pull' });
  });

  test.each<[string, Record<string, string>, number]>([
    ['another grant', { grant_type: 'refresh_token', refresh_token: 'x' }, 404],
    ['no grant', {}, 400],
  ])('POST with %s', async (_what, extra, status) => {
    const body = new URLSearchParams({ service: host(), ...extra });
    expect((await fetch(`${scenario.gateway.url}/token`, { method: 'POST', body })).status).toBe(status);
  });

  test.each(['/token', '/token?service=elsewhere.example.com', '/token?service=a&service=b'])(
    '%s is not understood',
    async (path) => expect((await ask('GET', path, basic('ci', scenario.issuer.mint()))).status).toBe(400),
  );

  test('a body without end is not read', async () => {
    const body = new URLSearchParams({ grant_type: 'password', password: 'x'.repeat(70_000) });
    expect((await fetch(`${scenario.gateway.url}/token`, { method: 'POST', body })).status).toBe(413);
  });

  test('an anonymous client gets public repositories and a challenge for the rest', async () => {
    const nobody = basic('', '');
    const open = await token('repository:public/x:pull,push', nobody);
    expect(open.scope).toBe('repository:public/x:pull');
    expect((await ask('GET', '/v2/public/x/tags/list', bearer(open.token))).status).toBe(200);
    const beyond = await ask('GET', '/v2/acme/payments/api/tags/list', bearer(open.token));
    expect(beyond.status).toBe(401);
    expect(beyond.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    const refused = await ask('GET', `/token?service=${host()}&scope=repository:acme/payments/api:pull`);
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain('docker login');
  });

  test.each<[string, () => Record<string, string>, string]>([
    [
      'a caller without a matching identity',
      () => basic('ci', scenario.issuer.mint({ project_id: '99' })),
      'no_matching_identity',
    ],
    ['an expired token', () => basic('ci', scenario.issuer.mint({}, { lifetime: -10 })), 'token_expired'],
    ['a wrong secret', () => basic('edge', `${DEPLOY_SECRET.slice(0, -1)}8`), 'credential_invalid'],
  ])('%s cannot log in', async (_what, headers, reason) => {
    const response = await ask('GET', `/token?service=${host()}`, headers());
    expect(response.status).toBe(401);
    expect(await response.text()).toContain(reason);
  });
});

describe('a minted token', () => {
  test('is good on its host, for what it was minted for, and never for more than policy says now', async () => {
    const narrow = await token('repository:acme/payments/api:pull');
    const use = (path: string, method = 'GET'): Promise<Response> => ask(method, path, bearer(narrow.token));
    expect((await use('/v2/acme/payments/api/manifests/1')).status).toBe(200);
    expect((await use('/v2/')).status).toBe(200);
    // Policy would allow it: another token will do.
    const wider = await use('/v2/acme/payments/api/manifests/1', 'PUT');
    expect(wider.status).toBe(401);
    expect(wider.headers.get('www-authenticate')).toMatch(/:pull,push",error="insufficient_scope"$/);
    // Policy denies it: none will.
    const denied = await use('/v2/acme/web/api/manifests/1');
    expect(denied.status).toBe(403);
    expect(denied.headers.get('www-authenticate')).toBeNull();
    expect(await denied.json()).toMatchObject({
      errors: [{ code: 'DENIED', message: expect.stringContaining('pull from acme/web/api') as string }],
    });
    const elsewhere = await raw('/v2/', { ...bearer(narrow.token), Host: 'followed.example.com' });
    expect(elsewhere.status).toBe(401);
    expect(elsewhere.body).toContain('audience_mismatch');
  });

  test('renews for no longer and no wider', async () => {
    const first = await token('repository:acme/payments/api:pull');
    ahead = 300_000;
    try {
      await fresh();
      const second = await token('repository:acme/payments/api:pull,push', basic('ci', first.token));
      expect(second.scope).toBe('repository:acme/payments/api:pull');
      expect(second.expires_in).toBeLessThanOrEqual(300);
      ahead = 560_000;
      await fresh();
      const late = await ask('GET', `/token?service=${host()}`, basic('ci', first.token));
      expect(late.status).toBe(401);
      expect(await late.text()).toContain('token_expired');
    } finally {
      ahead = 0;
      await fresh();
    }
  });

  test('falls with its source', async () => {
    const source = scenario.issuer.mint();
    const { token: minted } = await token('repository:acme/payments/api:pull', basic('ci', source));
    const use = async (): Promise<number> =>
      (await ask('GET', '/v2/acme/payments/api/tags/list', bearer(minted))).status;
    expect(await use()).toBe(200);
    const response = await fetch(`${scenario.gateway.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        tokenHash: createHash('sha256').update(source).digest('hex'),
        reason: 'leaked',
      }),
    });
    expect(response.status).toBe(201);
    expect(await use()).toBe(401);
  });

  test('its keys are published', async () => {
    const { token: minted } = await token('repository:acme/payments/api:pull');
    const response = await ask('GET', '/.well-known/jwks.json');
    const { keys } = (await response.json()) as { keys: Record<string, string>[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toHaveProperty('d');
    const header = JSON.parse(Buffer.from(minted.split('.')[0] ?? '', 'base64url').toString()) as object;
    expect(header).toEqual({ alg: 'ES256', kid: keys[0]?.['kid'], typ: 'at+jwt' });
  });

  /** The clock has jumped: the list of revocations must be read again before anything is decided. */
  async function fresh(): Promise<void> {
    await eventually(
      'a fresh list',
      async () =>
        (await ask('GET', '/v2/', bearer(scenario.issuer.mint({}, { lifetime: 3_600 })))).status === 200,
    );
  }
});

describe('routes', () => {
  test('URLs of the upstream are rewritten to the gateway’s', async () => {
    const headers = bearer(scenario.issuer.mint());
    const started = await ask('POST', '/v2/acme/payments/api/blobs/uploads/', headers);
    expect(started.headers.get('location')).toBe('/v2/acme/payments/api/blobs/uploads/some-id?_state=x%2By');
    const tags = await ask('GET', '/v2/acme/payments/api/tags/list?n=1', headers);
    expect(tags.headers.get('link')).toBe('</v2/acme/payments/api/tags/list?last=1&n=1>; rel="next"');
    expect(tags.headers.get('docker-content-digest')).toBe(DIGEST);
  });

  test('a mount from where the caller may not pull is the upload that it would have saved', async () => {
    const headers = bearer(scenario.issuer.mint());
    const path = `/v2/acme/payments/api/blobs/uploads/?mount=${DIGEST}&from=`;
    expect((await ask('POST', `${path}acme/payments/base`, headers)).status).toBe(202);
    expect((await ask('POST', `${path}acme/secret&origin=x`, headers)).status).toBe(202);
    expect((await ask('POST', `${path}acme%2Fsecret`, headers)).status).toBe(202);
    expect(
      (await ask('POST', `/v2/acme/web/api/blobs/uploads/?mount=${DIGEST}&from=acme/payments/base`, headers))
        .status,
    ).toBe(403);
    expect(seen.map(({ url }) => url)).toEqual([
      `/v2/acme/payments/api/blobs/uploads/?mount=${DIGEST}&from=acme%2Fpayments%2Fbase`,
      '/v2/acme/payments/api/blobs/uploads/',
      '/v2/acme/payments/api/blobs/uploads/',
    ]);
  });

  test('the catalog needs read on everything', async () => {
    expect((await ask('GET', '/v2/_catalog', bearer(scenario.issuer.mint()))).status).toBe(403);
    expect(
      (await ask('GET', '/v2/_catalog', bearer(scenario.issuer.mint({ project_id: '77' })))).status,
    ).toBe(200);
  });

  test.each([
    ['GET', '/v2/acme/payments/api/secrets', 403],
    ['PATCH', '/v2/acme/payments/api/manifests/1', 403],
    ['GET', '/v2/acme/payments/api/manifests/sha256:abc', 400],
    ['GET', '/v2/Acme/payments/api/manifests/1', 400],
    ['GET', '/v2/acme/payments/api/blobs/latest', 400],
    ['GET', '/v2/acme%2fpayments/api/manifests/1', 400],
    ['GET', '/v2/acme/payments/../web/api/manifests/1', 400],
    ['GET', '/v2/acme/payments/api/manifests/a%20b', 400],
    ['POST', `/v2/acme/payments/api/blobs/uploads/?mount=${DIGEST}&from=acme/a&from=acme/b`, 400],
  ])('%s %s is answered %i, and nothing is forwarded', async (method, path, status) => {
    const answer = await raw(path, bearer(scenario.issuer.mint()), method);
    expect(answer.status).toBe(status);
    expect(seen).toEqual([]);
  });
});

describe('blobs in storage', () => {
  const at = (name: string, path: string): ReturnType<typeof raw> =>
    raw(path, { ...bearer(scenario.issuer.mint()), Host: name, Range: 'bytes=0-3', Cookie: 'a=b' });

  test('followed without any credential', async () => {
    const answer = await at('followed.example.com', `/v2/redirected/x/blobs/${DIGEST}`);
    expect(answer).toMatchObject({ status: 200, body: 'layer' });
    expect(answer.headers.location).toBeUndefined();
    expect(stored.map(({ url }) => url)).toEqual(['/again', '/layer?signature=s']);
    for (const { headers } of stored) {
      expect(headers).toMatchObject({ range: 'bytes=0-3' });
      expect(Object.keys(headers).filter((name) => /^(authorization|cookie|x-)/.test(name))).toEqual([]);
    }
  });

  test('a redirect to an origin outside the configuration is not followed', async () => {
    expect((await at('followed.example.com', `/v2/redirected/evil/x/blobs/${DIGEST}`)).status).toBe(502);
    expect(stored).toEqual([]);
  });
});

test('challenge: basic', async () => {
  const { headers } = await raw('/v2/', { Host: 'plain.example.com' });
  expect(headers['www-authenticate']).toBe('Basic realm="plain.example.com"');
});

test('an upload that outlives its token is finished; the next request needs another', async () => {
  const minted = await token('repository:acme/payments/api:pull,push');
  const path = '/v2/acme/payments/api/blobs/uploads/some-id';
  const headers = bearer(minted.token);
  const status = await new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port: scenario.gateway.port, method: 'PATCH', path, headers },
      (res) => {
        resolve(res.resume().statusCode);
      },
    ).on('error', reject);
    call.write('first half');
    void eventually('the upload to begin', () => seen.length === 1).then(() => {
      ahead = 700_000;
      call.end('second half');
    }, reject);
  });
  const next = await ask('PUT', `${path}?digest=${DIGEST}`, headers);
  ahead = 0;
  expect(status).toBe(202);
  expect(next.status).toBe(401);
  expect(next.headers.get('www-authenticate')).toContain('error="invalid_token"');
});
