/** Conan: hostile paths and headers, logins, and the login of the upstream. Raw bytes sent, raw bytes received. */
import { describe, expect, test } from 'vitest';
import { closingRequest, rawRequest, rawResponse, type RawResponse } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { useRecordedPackages } from '../support/scenario/packages.ts';
import { requestLines } from '../support/scenario/recorded.ts';

const scenario = useRecordedPackages([
  { type: 'conan', resources: ['acme/*@team/*'] },
  { type: 'conan', name: 'trial', resources: [], keys: 'mode: shadow' },
  { type: 'conan', name: 'second', resources: [] },
]);

const BASE = '/conan/v2/conans/acme/1.0/team/stable';
const FILE = `${BASE}/revisions/0f1e/files/conanfile.py`;
const LOGIN = '/conan/v2/users/authenticate';

function request(
  line: string,
  authorization: string | undefined,
  headers: readonly string[],
  body: string,
): string {
  const credential = authorization === undefined ? [] : [`Authorization: ${authorization}`];
  return closingRequest(line, [...credential, ...headers], body).toString('latin1');
}

interface Sent {
  readonly authorization?: string | undefined;
  readonly headers?: readonly string[];
  readonly body?: string;
}

const send = (line: string, sent: Sent = {}): Promise<RawResponse> => {
  const authorization = 'authorization' in sent ? sent.authorization : `Bearer ${scenario.token}`;
  const text = request(line, authorization, sent.headers ?? [], sent.body ?? '');
  return rawResponse(scenario.gateway.port, text, { quiet: 5_000 });
};

const basic = (secret: string): string => `Basic ${btoa(`ci:${secret}`)}`;

async function logIn(): Promise<string> {
  const response = await send(`GET ${LOGIN}`, { authorization: basic(scenario.token) });
  expect(response.status).toBe(200);
  return response.body;
}

describe('paths (P)', () => {
  test.each([
    `GET ${BASE}/../../../other/1.0/team/stable/latest`,
    `GET ${BASE}/revisions/0f1e/files/%2e%2e/%2e%2e/conanfile.py`,
    `PUT ${BASE}/revisions/0f1e/files/a%2f..%2fb`,
    `PUT ${BASE}/revisions/0f1e/files/..%5cconanfile.py`,
    `GET ${BASE}//latest`,
    `GET ${BASE}/./latest`,
    `GET ${BASE}/revisions/0f1e/files/conanfile.py;/x`,
    `GET ${BASE}/revisions/0f1e/files/%00`,
    `GET /conan/v2/conans/acme%2f1.0/team/stable/latest`,
  ])('%s → 400 ∅', async (line) => {
    expect((await send(line)).status).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    'GET /conan/v2/conans/other/1.0/team/stable/latest',
    'GET /conan/v2/conans/acme/1.0/other/stable/latest',
    'GET /conan/v2/conans/ACME/1.0/team/stable/latest',
    'GET /conan/v2/conans/acme/1.0/team/stable/latest/x',
    'GET /conan/v2/conans/search?q=acme*',
    'PUT /conan/v2/conans/other/1.0/team/stable/revisions/0f1e/files/conanfile.py',
    `DELETE ${FILE}`,
    'GET /conan/v1/conans/acme/1.0/team/stable/download_urls',
    'PUT /conan/v1/files/acme/1.0/team/stable/0/export/conanfile.py',
    `POST ${LOGIN}`,
    `GET ${LOGIN}/`,
    'GET /conan/x/v2/users/authenticate',
    `GET ${BASE}/revisions/0f1e/files/v2/users/authenticate`,
  ])('%s → 403 ∅', async (line) => {
    expect((await send(line)).status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('the target is forwarded byte for byte', async () => {
    const path = `${BASE}/revisions/0f1e/files/metadata/build%20log%2B.txt`;
    expect((await send(`GET ${path}`)).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([`GET ${path.slice('/conan'.length)} HTTP/1.1`]);
  });
});

describe('headers (H)', () => {
  test('the subject is the one of the token', async () => {
    await send(`GET ${BASE}/latest`, {
      headers: ['X-Auth-Subject: admin', 'x_auth_subject: admin', 'Cookie: session=canary-cookie'],
    });
    const received = receivedBy(scenario.upstream);
    expect(valuesOf(received, 'x-auth-subject')).toHaveLength(1);
    expect(scenario.upstream.bytes()).not.toMatch(/admin|canary-cookie/);
  });

  test.each(['X-Checksum-Deploy: true', 'x_checksum_deploy: true', 'X-Explode-Archive: true'])(
    'an upload with %s is refused',
    async (header) => {
      expect((await send(`PUT ${FILE}`, { headers: [header] })).status).toBe(400);
      expect(scenario.upstream.bytes()).toBe('');
    },
  );

  test('two credentials are refused, also by the login', async () => {
    for (const line of [`GET ${BASE}/latest`, `GET ${LOGIN}`]) {
      const { status } = await send(line, { headers: [`Authorization: ${basic(scenario.token)}`] });
      expect(status).toBe(400);
    }
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('requests in bodies (S)', () => {
  test('a body of the login or of the ping is not a further request', async () => {
    const hidden = `GET ${BASE}/latest HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n`;
    for (const path of [LOGIN, '/conan/v1/ping', '/conan/v2/users/check_credentials']) {
      const text = request(`GET ${path}`, basic(scenario.token), [], hidden).replace(
        'Connection: close\r\n',
        '',
      );
      const responses = await rawRequest(scenario.gateway.port, text);
      expect(responses.map(({ status }) => status)).toEqual([200]);
    }
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each(['Transfer-Encoding: chunked', 'Content-Length: 4', 'Transfer-Encoding: xchunked'])(
    'an upload with a second length (%s) is refused',
    async (header) => {
      const { status } = await send(`PUT ${FILE}`, { headers: [header], body: 'abc' });
      expect(status).toBe(400);
      expect(scenario.upstream.bytes()).toBe('');
    },
  );
});

describe('logins (L)', () => {
  test('the gateway issues a token, and the upstream receives neither credential', async () => {
    const token = await logIn();
    expect(token).toMatch(/^eyJ[\w-]*\.[\w-]*\.[\w-]*$/);
    expect(token).not.toBe(scenario.token);
    expect(scenario.upstream.bytes()).toBe('');
    const check = await send('GET /conan/v2/users/check_credentials', { authorization: `Bearer ${token}` });
    expect([check.status, check.body]).toEqual([200, 'ci']);
    expect(scenario.upstream.bytes()).toBe('');
    expect((await send(`GET ${BASE}/latest`, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await send(`PUT ${FILE}`, { authorization: `Bearer ${token}`, body: 'x' })).status).toBe(200);
    for (const secret of [token, scenario.token, basic(scenario.token)])
      expect(scenario.upstream.bytes()).not.toContain(secret);
  });

  test('the token is limited to the service, and to the grants of its caller', async () => {
    const authorization = `Bearer ${await logIn()}`;
    expect((await send(`GET ${BASE.replace('conan', 'second')}/latest`, { authorization })).status).toBe(401);
    const other = await send('GET /conan/v2/conans/other/1.0/team/stable/latest', { authorization });
    expect(other.status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a token of the gateway is returned unchanged, so that a chain does not extend it', async () => {
    const token = await logIn();
    const again = await send(`GET ${LOGIN}`, { authorization: basic(token) });
    expect([again.status, again.body]).toEqual([200, token]);
  });

  test.each([undefined, 'Bearer unset', 'Basic Og==', 'Basic Y2k6eA=='])(
    'a login with %s is refused',
    async (authorization) => {
      for (const path of [LOGIN, '/conan/v2/users/check_credentials', `${BASE}/latest`]) {
        const { status, headers } = await send(`GET ${path}`, { authorization });
        expect(status).toBe(401);
        expect(headers.get('www-authenticate')).toMatch(/^Basic realm="gateway\.example\.com"/);
      }
      expect(scenario.upstream.bytes()).toBe('');
    },
  );

  test('a caller without an identity gets no token', async () => {
    const { status, body } = await send(`GET ${LOGIN}`, {
      authorization: basic(scenario.issuer.mint({ project_id: '21' })),
    });
    expect(status).toBe(403);
    expect(body).not.toContain('eyJ');
  });

  test('in shadow mode a caller without an identity gets a token, for this service only', async () => {
    const stranger = scenario.issuer.mint({ project_id: '21' });
    const login = await send(`GET ${LOGIN.replace('conan', 'trial')}`, { authorization: basic(stranger) });
    expect(login.status).toBe(200);
    const authorization = `Bearer ${login.body}`;
    expect((await send(`GET ${BASE.replace('conan', 'trial')}/latest`, { authorization })).status).toBe(200);
    expect(scenario.upstream.bytes()).not.toContain(login.body);
    scenario.upstream.reset();
    expect((await send(`GET ${BASE}/latest`, { authorization })).status).toBe(401);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('the ping needs no credential, and announces no checksum deployment', async () => {
    const { status, headers } = await send('GET /conan/v1/ping', { authorization: undefined });
    expect([status, headers.get('x-conan-server-capabilities')]).toEqual([200, 'revisions']);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a challenge of the upstream is not relayed', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="${scenario.evil.url}"\r\nContent-Length: 0\r\n\r\n`,
    );
    const { status, headers } = await send(`GET ${BASE}/latest`);
    expect(status).toBe(502);
    expect(headers.has('www-authenticate')).toBe(false);
  });
});
