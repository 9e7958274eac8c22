/** R1, R2, L4, L5, and rows H, P and S for `/v2/`: raw bytes sent, raw bytes received by the upstream. */
import { describe, expect, test } from 'vitest';
import { testAmbiguousFraming } from '../support/scenario/ambiguous-framing.ts';
import { useRecordedScenario } from '../support/scenario/recorded.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const SECRET = 'canary-upstream-registry-77';
const HOST = 'registry.example.com';

const scenario = useRecordedScenario({
  host: HOST,
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: registry, scopes: [read_registry, write_registry], resources: ["acme/payments/**"] }
      - { service: tokens, scopes: [read_registry], resources: ["**"] }
services:
  registry:
    type: oci
    upstream: { url: "${upstream.url}", auth: { bearer: { token: ${SECRET} } } }
  tokens:
    type: oci
    hosts: [tokens.example.com]
    blobRedirects: follow
    upstream:
      url: "${upstream.url}"
      auth: { registryToken: { url: "${upstream.url}/auth", service: s, username: u, password: ${SECRET} } }
`,
});

describe('R1: a mount is a pull from its source', () => {
  test.each([
    ['from=acme/secret', '/v2/acme/payments/a/blobs/uploads/'],
    ['from=acme%2Fsecret', '/v2/acme/payments/a/blobs/uploads/'],
    ['%66rom=acme/secret&origin=x', '/v2/acme/payments/a/blobs/uploads/'],
    [`from=acme/payments/b`, `/v2/acme/payments/a/blobs/uploads/?mount=${DIGEST}&from=acme%2Fpayments%2Fb`],
  ])('%s', async (from, sent) => {
    expect(await scenario.statusOf(`POST /v2/acme/payments/a/blobs/uploads/?mount=${DIGEST}&${from}`)).toBe(
      200,
    );
    expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
      `POST ${sent} HTTP/1.1`,
    ]);
  });

  test('ambiguous mount parameters are refused', async () => {
    const query = `mount=${DIGEST}&from=acme/payments/b&from=acme/secret`;
    expect(await scenario.statusOf(`POST /v2/acme/payments/a/blobs/uploads/?${query}`)).toBe(400);
    expect(
      await scenario.statusOf(`POST /v2/acme/payments/a/blobs/uploads/?${query.replace('&from', '&%66rom')}`),
    ).toBe(400);
    for (const hidden of [`a=b;mount=${DIGEST};from=acme/secret`, `mount=${DIGEST}&a;from=acme/secret`]) {
      expect(await scenario.statusOf(`POST /v2/acme/payments/a/blobs/uploads/?${hidden}`)).toBe(400);
    }
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('R2: only classified requests are forwarded', () => {
  test.each<[string, number]>([
    ['GET /v2/_catalog', 403],
    ['GET /v2/acme/secret/manifests/latest', 403],
    [`GET /v2/acme/secret/referrers/${DIGEST}`, 403],
    ['GET /v2/acme/secret/manifests/acme/payments/a/manifests/1', 403],
    ['GET /v2/acme/payments/a/../../secret/manifests/1', 400],
    ['GET /v2/acme/payments/a/_manifests/x', 403],
    ['OPTIONS /v2/acme/payments/a/manifests/1', 403],
    ['DELETE /v2/acme/payments/a/manifests/1', 403],
    ['GET /v2', 301],
    ['GET /v1/search', 404],
    ['GET /v2/acme/payments/a/blobs/uploads/../../../secret/manifests/1', 400],
  ])('%s → %i', async (line, status) => {
    expect(await scenario.statusOf(line)).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('L4: the realm of an upstream challenge is ignored', () => {
  const challenge = (): string =>
    `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="${scenario.evil.url}/token",service="x"\r\nContent-Length: 0\r\n\r\n`;

  test('neither client nor gateway contacts it', async () => {
    scenario.upstream.respond(challenge());
    const [response] = await scenario.send(
      scenario.request('GET /v2/acme/payments/a/tags/list', ['Connection: close']),
    );
    expect(response?.status).toBe(502);
    expect(response?.headers.get('www-authenticate')).toBeUndefined();
    expect(response?.body).not.toContain(scenario.evil.url);
  });

  test('token requests go to the configured endpoint only, after any number of challenges', async () => {
    scenario.upstream.respond((socket, { requestLine }) => {
      const body = '{"token":"upstream-token","expires_in":60}';
      if (!requestLine.includes('/auth?')) return void socket.write(challenge());
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const [response] = await scenario.send(
      scenario.request('GET /v2/acme/payments/a/tags/list', ['Connection: close'], '', 'tokens.example.com'),
    );
    expect(response?.status).toBe(502);
    const lines = scenario.upstream.requests().map(({ requestLine }) => requestLine.split('?')[0]);
    // One retry with a new token.
    expect(lines).toEqual([
      'GET /auth',
      'GET /v2/acme/payments/a/tags/list HTTP/1.1',
      'GET /auth',
      'GET /v2/acme/payments/a/tags/list HTTP/1.1',
    ]);
    // The password is sent to the token service only.
    for (const { requestLine, head } of scenario.upstream.requests()) {
      const basic = Buffer.from(`u:${SECRET}`).toString('base64');
      expect(head.includes(basic)).toBe(requestLine.includes('/auth?'));
    }
  });
});

describe('L5: a redirect', () => {
  const to = (where: string): string =>
    `HTTP/1.1 307 Temporary Redirect\r\nLocation: ${where}\r\nContent-Length: 0\r\n\r\n`;

  test.each(['registry.example.com', 'tokens.example.com'])(
    'to another origin is neither relayed nor followed (%s)',
    async (host) => {
      scenario.upstream.respond((socket, { requestLine }) => {
        const body = '{"token":"upstream-token"}';
        if (!requestLine.includes('/auth?'))
          return void socket.write(to(`${scenario.evil.url}/layer?sig=canary-signature`));
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      });
      const [response] = await scenario.send(
        scenario.request(`GET /v2/acme/payments/a/blobs/${DIGEST}`, ['Connection: close'], '', host),
      );
      expect(response?.status).toBe(502);
      expect(response?.head).not.toContain('canary-signature');
      expect(scenario.gateway.auditText()).not.toContain('canary-signature');
    },
  );

  test('on the registry itself is rewritten to the public path', async () => {
    scenario.upstream.respond(
      to(`${scenario.upstream.url}/v2/acme/payments/b/blobs/${DIGEST}?access_token=x&y=1`),
    );
    const [response] = await scenario.send(
      scenario.request(`GET /v2/acme/payments/a/blobs/${DIGEST}`, ['Connection: close']),
    );
    expect(response?.status).toBe(307);
    expect(response?.headers.get('location')).toBe(`/v2/acme/payments/b/blobs/${DIGEST}?y=1`);
  });
});

describe('H: headers', () => {
  test('client values of identity and credential headers are removed in any spelling', async () => {
    const spoofed = [
      'X-Auth-Subject: admin',
      'x_auth_subject: admin',
      'X-Auth-Identity: admin',
      'JOB-TOKEN;: x',
      'X-Forwarded-Host: evil.example.com',
      'Forwarded: host=evil.example.com',
      'X-Original-URL: /v2/acme/secret/manifests/1',
      'Cookie: a=b',
      'Sudo: root',
      'X-HTTP-Method-Override: DELETE',
    ].filter((line) => !line.includes(';'));
    expect(await scenario.statusOf('GET /v2/acme/payments/a/tags/list', spoofed)).toBe(200);
    const [seen] = scenario.upstream.requests();
    expect(seen?.headers.get('x-auth-identity')).toEqual(['ci']);
    expect(seen?.headers.get('authorization')).toEqual([`Bearer ${SECRET}`]);
    expect(seen?.headers.get('x-forwarded-host')).toEqual([HOST]);
    expect(seen?.head).not.toMatch(/admin|evil|secret\/manifests|^cookie|^sudo|override/im);
  });

  test('two credentials are refused', async () => {
    expect(await scenario.statusOf('GET /v2/acme/payments/a/tags/list', ['Authorization: Bearer x'])).toBe(
      400,
    );
    expect(await scenario.statusOf('GET /v2/acme/payments/a/tags/list', ['JOB-TOKEN: glcbt-x'])).toBe(400);
    expect(await scenario.statusOf('GET /v2/acme/payments/a/tags/list?private_token=x')).toBe(400);
    expect(await scenario.statusOf('GET /token?service=registry.example.com&access_token=x')).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test.each([
  '/v2/acme/payments/a%2fb/manifests/1',
  '/v2/acme/payments/a%5cb/manifests/1',
  '/v2/acme/payments/%2e%2e/secret/manifests/1',
  '/v2/acme/payments/..;/secret/manifests/1',
  '/v2//acme/payments/a/manifests/1',
  '/v2/acme/payments/a/manifests/1#/x',
  '/v2/acme/payments/a/manifests/1%00',
  '/v2/acme/payments/a/manifests/%61',
  '//v2/acme/payments/a/manifests/1',
  '/v2/acme/payments/a/./manifests/1',
  '/v2/acme/payments/%C0%AF/manifests/1',
  'http://evil.example.com/v2/acme/payments/a/manifests/1',
])('P: %s is not forwarded', async (target) => {
  const status = await scenario.statusOf(`GET ${target}`);
  // Every server decodes `%61` to `a`; the decoded path is authorized and forwarded.
  if (target.endsWith('%61'))
    expect(scenario.upstream.requests()[0]?.requestLine).toBe('GET /v2/acme/payments/a/manifests/a HTTP/1.1');
  else expect({ status, seen: scenario.upstream.bytes() }).toEqual({ status: 400, seen: '' });
});

describe('S: framing', () => {
  const upload = 'PATCH /v2/acme/payments/a/blobs/uploads/some-id';
  const hidden = 'GET /v2/acme/secret/manifests/1 HTTP/1.1\r\nHost: x\r\n\r\n';

  testAmbiguousFraming(scenario, { requestLine: upload, hidden });

  test('bytes after a refused upload are not a request', async () => {
    const denied = scenario.request(
      'PATCH /v2/acme/web/a/blobs/uploads/some-id',
      [`Content-Length: ${hidden.length}`],
      hidden,
    );
    expect((await scenario.send(denied)).map(({ status }) => status)).toEqual([403]);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a denied upload is refused before its body', async () => {
    const denied = scenario.request('PATCH /v2/acme/web/a/blobs/uploads/x', [
      'Content-Length: 10000000000',
      'Expect: 100-continue',
    ]);
    const responses = await scenario.send(denied);
    expect(responses.map(({ status }) => status)).toEqual([403]);
  });

  test('a body that looks like a request is forwarded as one body', async () => {
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const responses = await scenario.send(
      scenario.request(upload, ['Transfer-Encoding: chunked', 'Connection: close'], chunk),
    );
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(scenario.upstream.requests().map(({ body }) => body)).toEqual([expect.stringContaining(hidden)]);
  });
});

test('the token endpoint limits guesses of secrets with 429', async () => {
  const attempt = async (n: number): Promise<number | undefined> => {
    const basic = Buffer.from(`edge:ghdt_edge_wrong-${n}`).toString('base64');
    const line = `GET /token?service=${HOST} HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Basic ${basic}\r\nConnection: close\r\n\r\n`;
    return (await scenario.send(line))[0]?.status;
  };
  const statuses = [];
  for (let n = 0; n < 40; n++) statuses.push(await attempt(n));
  expect(statuses[0]).toBe(401);
  expect(statuses.at(-1)).toBe(429);
  expect(await scenario.statusOf('GET /v2/')).toBe(200);
});
