/** R3, and rows H, P and S for Git and Git LFS: raw bytes sent, raw bytes received by the upstream. */
import { createConnection, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { testAmbiguousFraming } from '../support/scenario/ambiguous-framing.ts';
import { useRecordedScenario } from '../support/scenario/recorded.ts';

const SECRET = 'canary-upstream-git-77';
const HOST = 'git.example.com';
const OID = 'a'.repeat(64);
const LFS = 'application/vnd.git-lfs+json';

const scenario = useRecordedScenario({
  host: HOST,
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: git, scopes: [read_repository], resources: ["acme/**"] }
      - { service: git, scopes: [write_repository], resources: ["acme/payments"] }
      - { service: gitlab, scopes: [read_repository], resources: ["acme/**"] }
services:
  git:
    type: git
    upstream:
      url: "${upstream.url}/"
      aliases: ["https://git.example.org/"]
      redirectOrigins: ["https://storage.example.com"]
      auth: { bearer: { token: ${SECRET} } }
  gitlab:
    type: gitlab
    hosts: [gitlab.example.com]
    upstream: { url: "${upstream.url}/", connections: 2 }
`,
});

/** Opens a connection, sends these bytes and keeps it open. */
function rawSocket(bytes: string): Socket {
  const socket = createConnection(scenario.gateway.port, '127.0.0.1');
  socket.on('error', () => undefined).write(bytes);
  return socket;
}

function batch(body: string, ...headers: readonly string[]): string {
  return scenario.request(
    'POST /acme/base.git/info/lfs/objects/batch',
    ['Connection: close', `Content-Type: ${LFS}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`],
    body,
  );
}

describe('push options that change settings of the repository', () => {
  const id = '1'.repeat(40);
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
  const command = (capabilities: string): string =>
    line(`${id} ${id} refs/heads/main\0 report-status ${capabilities}`);
  const OPTIONS = 'push-options';
  const push = (body: string, ...headers: readonly string[]): Promise<number | undefined> =>
    scenario.statusOf(
      'POST /acme/payments.git/git-receive-pack',
      ['Content-Type: application/x-git-receive-pack-request', ...headers, `Content-Length: ${body.length}`],
      body,
    );

  test.each([
    `${command(OPTIONS)}0000${line('repo.private=false')}0000PACK`,
    `${command(OPTIONS)}0000${line('ci.skip')}${line('repo.template=true\n')}0000PACK`,
    `${command(`${OPTIONS}\0x`)}0000${line('repo.private=false')}0000`,
    `${command('push-options=1')}0000${line('repo.private')}0000`,
    `${command('x')}${line(`shallow ${id}`)}${command(OPTIONS)}0000${line('repo.private=false')}0000`,
    `${line(`push-cert\0 ${OPTIONS}\n`)}${line('push-cert-end\n')}0000${line('repo.private=false')}0000`,
    // A delimiter ends the list like a flush (git, builtin/receive-pack.c).
    `${command(OPTIONS)}0001${line('repo.private=false')}0000`,
    'not pkt-lines',
    `0003${command(OPTIONS)}`,
  ])('%j is refused', async (body) => {
    expect(await push(body)).toBe(400);
    expect(scenario.upstream.bytes()).not.toContain('repo.');
  });

  test.each([
    `${command(OPTIONS)}0000${line('ci.skip')}${line('ci.variable=repo.private=false')}0000PACKrepo.private=false`,
    `${command('x')}0000PACK${line('repo.private=false')}`,
    '0000',
  ])('%j is forwarded', async (body) => {
    expect(await push(body)).toBe(200);
    expect(scenario.upstream.bytes()).toContain(body);
  });

  test('an option is found in pieces', async () => {
    const body = `${command(OPTIONS)}0000${line('repo.private=false')}0000PACK`;
    const chunked = body.replaceAll(/[^]/g, (byte) => `1\r\n${byte}\r\n`);
    const head = ['POST /acme/payments.git/git-receive-pack HTTP/1.1', `Host: ${HOST}`];
    const rest = [`Authorization: Bearer ${scenario.token}`, 'Transfer-Encoding: chunked', '', ''];
    const [response] = await scenario.send(`${[...head, ...rest].join('\r\n')}${chunked}0\r\n\r\n`);
    expect(response?.status).toBe(400);
  });

  test('a compressed push is refused', async () => {
    expect(await push('0000', 'Content-Encoding: gzip')).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('R3: whether git reads or writes', () => {
  test.each<[string, number]>([
    // acme/base is read-only.
    ['GET /acme/base.git/info/refs?service=git-upload-pack', 200],
    ['GET /acme/base.git/info/refs?service=git-receive-pack', 403],
    ['POST /acme/base.git/git-upload-pack', 200],
    ['POST /acme/base.git/git-receive-pack', 403],
    ['GET /acme/payments.git/info/refs?service=git-receive-pack', 200],
    ['GET /acme/base/info/refs?service=git-receive-pack', 403],
    // The dumb protocol, and unknown routes.
    ['GET /acme/base.git/info/refs', 403],
    ['GET /acme/base.git/HEAD', 403],
    ['GET /acme/base.git/objects/info/packs', 403],
    ['GET /acme/base.git/objects/aa/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 403],
    ['GET /acme/base.git/git-upload-pack', 403],
    ['POST /acme/base.git/info/refs?service=git-upload-pack', 403],
    ['PUT /acme/payments.git/git-receive-pack', 403],
    ['POST /acme/base.git/git-upload-archive', 403],
  ])('%s → %i', async (line, status) => {
    expect(await scenario.statusOf(line)).toBe(status);
    expect(scenario.upstream.requests()).toHaveLength(status === 200 ? 1 : 0);
  });

  test.each([
    'service=git-upload-pack&service=git-receive-pack',
    'service=git-upload-pack&service=git-upload-pack',
    'service=git-upload-pack;service=git-receive-pack',
    'service=git-upload-pack&%73ervice=git-receive-pack',
    'service=git-upload-pack&Service=git-receive-pack',
    'service=git-upload-pack&service[]=git-receive-pack',
    'service=git-upload-pack&service]=git-receive-pack',
    'service=git-upload-pack&[service]=git-receive-pack',
    'service=git-%75pload-pack',
    '%73ervice=git-upload-pack',
    'service=git-upload-pack%00',
    'service=git-upload-archive',
    'service=',
    'service',
  ])('?%s is refused', async (query) => {
    expect(await scenario.statusOf(`GET /acme/payments.git/info/refs?${query}`)).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a service in a body, where Rack reads parameters, is refused', async () => {
    const body = 'service=git-receive-pack';
    const form = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`];
    expect(await scenario.statusOf('GET /acme/base.git/info/refs?service=git-upload-pack', form, body)).toBe(
      400,
    );
    expect(await scenario.statusOf(`GET /acme/base.git/info/lfs/objects/${OID}`, form, body)).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    '/acme/payments.git/.git/info/refs',
    '/acme/payments/.git/info/refs',
    '/acme/payments.git.git/info/refs',
    '/acme/payments.GIT/info/refs',
    '/acme/x.git/payments.git/info/refs',
    '/.git/info/refs',
  ])('%s could be another repository', async (path) => {
    expect(await scenario.statusOf(`GET ${path}?service=git-upload-pack`)).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('R3: whether Git LFS reads or writes', () => {
  test.each<[string, number]>([
    [`GET /acme/base.git/info/lfs/objects/${OID}`, 200],
    [`PUT /acme/base.git/info/lfs/objects/${OID}`, 403],
    [`PUT /acme/payments.git/info/lfs/objects/${OID}`, 200],
    [`PUT /acme/payments.git/gitlab-lfs/objects/${OID}/12`, 200],
    [`PUT /acme/payments.git/gitlab-lfs/objects/${OID}/12/authorize`, 403],
    ['GET /acme/base.git/info/lfs/locks', 200],
    ['POST /acme/base.git/info/lfs/locks', 403],
    ['POST /acme/base.git/info/lfs/locks/verify', 403],
    ['POST /acme/base.git/info/lfs/locks/7/unlock', 403],
    ['POST /acme/base.git/info/lfs/verify', 403],
    ['GET /acme/base.git/info/lfs/objects/batch', 403],
    ['POST /acme/payments.git/info/lfs/objects', 403],
    [`DELETE /acme/payments.git/info/lfs/objects/${OID}`, 403],
    [`GET /acme/base.git/info/lfs/objects/${OID.toUpperCase()}`, 403],
    [`GET /acme/payments.git/info/lfs/x/acme/secret.git/info/lfs/objects/${OID}`, 403],
  ])('%s → %i', async (line, status) => {
    expect(await scenario.statusOf(line)).toBe(status);
    expect(scenario.upstream.requests()).toHaveLength(status === 200 ? 1 : 0);
  });

  test.each<[string, number]>([
    ['{"operation":"upload","objects":[]}', 403],
    ['{"operation":"download","operation":"upload"}', 400],
    ['{"operation":"download","Operation":"upload"}', 400],
    ['{"operation":"download","oper\\u0061tion":"upload"}', 400],
    ['{"operation":["download"]}', 400],
    ['{"operation":"Download"}', 400],
    ['{"objects":[]}', 400],
    ['[{"operation":"download"}]', 400],
    ['operation=download', 400],
    ['{"operation":"download"', 400],
    ['', 400],
  ])('a batch of %s → %i', async (body, status) => {
    expect((await scenario.send(batch(body)))[0]?.status).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a batch over the size limit', async () => {
    const body = `{"operation":"download","x":"${'y'.repeat(1024 * 1024)}"}`;
    expect((await scenario.send(batch(body)))[0]?.status).toBe(413);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a batch whose operation is also in the query, or that is encoded', async () => {
    const body = '{"operation":"download"}';
    const query = batch(body).replace('batch HTTP', 'batch?operation=upload HTTP');
    expect((await scenario.send(query))[0]?.status).toBe(400);
    expect((await scenario.send(batch(body, 'Content-Encoding: gzip')))[0]?.status).toBe(400);
    expect(
      (await scenario.send(batch(body).replace(LFS, 'application/x-www-form-urlencoded')))[0]?.status,
    ).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a batch for a repository without a grant is refused before its body', async () => {
    const line = 'POST /other/base.git/info/lfs/objects/batch';
    const responses = await scenario.send(
      scenario.request(line, ['Content-Length: 1000', 'Expect: 100-continue']),
    );
    expect(responses.map(({ status }) => status)).toEqual([403]);
  });
});

test('unauthenticated forms without an end do not exhaust the buffers of a batch', async () => {
  const form = [
    'POST /api/v4/projects/20/trigger/pipeline HTTP/1.1',
    'Host: gitlab.example.com',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Length: 100',
    '',
    'ref=main',
  ].join('\r\n');
  const held = [rawSocket(form), rawSocket(form), rawSocket(form)];
  await eventually('no room for another form', async () => (await scenario.send(form))[0]?.status === 503);
  scenario.upstream.respond(
    `HTTP/1.1 200 OK\r\nContent-Type: ${LFS}\r\nContent-Length: 14\r\n\r\n{"objects":[]}`,
  );
  const download = batch('{"operation":"download","objects":[]}').replace(HOST, 'gitlab.example.com');
  expect((await scenario.send(download))[0]?.status).toBe(200);
  for (const socket of held) socket.destroy();
});

describe('batch responses', () => {
  const fetchPath = async (
    response: string,
    type = LFS,
    status = '200 OK',
  ): Promise<RawResponse | undefined> => {
    scenario.upstream.respond(
      `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(response)}\r\n\r\n${response}`,
    );
    return (await scenario.send(batch('{"operation":"download","objects":[]}')))[0];
  };
  const object = (action: object, more: object = {}): string =>
    JSON.stringify({ objects: [{ oid: OID, size: 1, actions: { download: action }, ...more }] });
  const credential = { Authorization: `Basic ${SECRET}` };

  test.each(['upstream', 'alias'])(
    'lead to the gateway, without the credential of the upstream (%s)',
    async (which) => {
      const base = which === 'alias' ? 'https://git.example.org' : scenario.upstream.url;
      const response = await fetchPath(
        object(
          { href: `${base}/acme/base.git/x?y=1`, header: { ...credential, Accept: 'a/b' }, expires_in: 9 },
          { authenticated: true },
        ),
      );
      expect(response?.status).toBe(200);
      expect(JSON.parse(response?.body ?? '')).toEqual({
        objects: [
          {
            oid: OID,
            size: 1,
            actions: {
              download: {
                href: `http://${HOST}/acme/base.git/x?y=1`,
                header: { Accept: 'a/b' },
                expires_in: 9,
              },
            },
          },
        ],
      });
    },
  );

  test('lead to the gateway in another spelling too', async () => {
    const download = { href: `${scenario.upstream.url}/acme/base.git/x`, header: credential };
    const response = await fetchPath(
      JSON.stringify({ transfer: 'basic', objects: [], Objects: [{ download }] }),
    );
    expect(JSON.parse(response?.body ?? '')).toEqual({
      transfer: 'basic',
      objects: [],
      Objects: [{ download: { href: `http://${HOST}/acme/base.git/x`, header: {} } }],
    });
  });

  test('keep URLs of configured storage unchanged', async () => {
    const document = object(
      { href: 'https://storage.example.com/x?sig=1', header: { 'x-ms-blob-type': 'BlockBlob' } },
      { authenticated: true },
    );
    expect(JSON.parse((await fetchPath(document))?.body ?? '')).toEqual(JSON.parse(document));
  });

  test.each<[string, string, string?]>([
    ['elsewhere', object({ href: 'https://elsewhere.example.com/x', header: credential })],
    ['nowhere', object({ header: credential })],
    ['in another spelling', object({ href: `https://git.example.org/x`, Header: credential })],
    ['to a relative place', object({ href: '/acme/base.git/x', header: credential })],
    ['to no object', JSON.stringify({ objects: ['x'] })],
    ['to nothing', JSON.stringify({ message: 'x' })],
    [
      'to two places',
      `{"objects":[],"objects":[{"actions":{"download":{"header":${JSON.stringify(credential)}}}}]}`,
    ],
    [
      'elsewhere in another spelling',
      JSON.stringify({
        objects: [],
        Objects: [{ actions: { download: { href: 'https://elsewhere.example.com/x', header: credential } } }],
      }),
    ],
    ['without a URL', JSON.stringify({ objects: [], header: credential })],
    ['too deep', `{"objects":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`],
    ['by HTML', '<html>', 'text/html'],
    ['in another media type', object({ href: `${'x'}`, header: credential }), 'text/plain'],
    ['in a truncated document', '{"objects":[', LFS],
  ])('with actions %s are not relayed', async (_case, document, type) => {
    const response = await fetchPath(document, type);
    expect(response?.status).toBe(502);
    expect(response?.body).not.toContain(SECRET);
  });

  test('with an error status and another media type are relayed', async () => {
    expect((await fetchPath('<html>', 'text/html', '503 Service Unavailable'))?.body).toBe('<html>');
    expect((await fetchPath('{}', LFS, '201 Created'))?.status).toBe(502);
  });

  test('with a wrong length are aborted', async () => {
    scenario.upstream.respond((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: ${LFS}\r\nContent-Length: 500\r\n\r\n{"objects":[]}`),
    );
    const [response] = await scenario.send(batch('{"operation":"download","objects":[]}'));
    expect(response?.status).toBe(502);
  });
});

describe('H: headers', () => {
  test.each([
    'GET /acme/base.git/info/refs?service=git-upload-pack',
    `GET /acme/base.git/info/lfs/objects/${OID}`,
  ])('client values of identity and credential headers are removed in any spelling: %s', async (line) => {
    const spoofed = [
      'X-Auth-Subject: admin',
      'x_auth_subject: admin',
      'X-Auth-Identity: admin',
      'X-Forwarded-Host: evil.example.com',
      'Forwarded: host=evil.example.com',
      'X-Original-URL: /acme/secret.git/info/refs',
      'Cookie: a=b',
      'Sudo: root',
      'X-HTTP-Method-Override: DELETE',
    ];
    expect(await scenario.statusOf(line, [...spoofed, 'Git-Protocol: version=2'])).toBe(200);
    const [seen] = scenario.upstream.requests();
    expect(seen?.headers.get('x-auth-identity')).toEqual(['ci']);
    expect(seen?.headers.get('authorization')).toEqual([`Bearer ${SECRET}`]);
    expect(seen?.headers.get('git-protocol')).toEqual(['version=2']);
    expect(seen?.head).not.toMatch(/admin|evil|secret\.git|^cookie|^sudo|override/im);
  });

  test('two credentials are refused', async () => {
    const line = 'GET /acme/base.git/info/refs?service=git-upload-pack';
    expect(await scenario.statusOf(line, ['Authorization: Bearer x'])).toBe(400);
    expect(await scenario.statusOf(line, ['JOB-TOKEN: glcbt-x'])).toBe(400);
    expect(await scenario.statusOf(`${line}&private_token=x`)).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a challenge of the upstream is not relayed', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="${scenario.evil.url}"\r\nLFS-Authenticate: Basic realm="${scenario.evil.url}"\r\nContent-Length: 0\r\n\r\n`,
    );
    const [response] = await scenario.send(
      scenario.request('GET /acme/base.git/info/lfs/locks', ['Connection: close']),
    );
    expect(response?.status).toBe(502);
    expect(response?.head).not.toContain(scenario.evil.url);
  });
});

test.each([
  '/acme%2fbase.git/info/refs',
  '/acme/base%5c.git/info/refs',
  '/acme/%2e%2e/secret.git/info/refs',
  '/acme/..;/secret.git/info/refs',
  '//acme/base.git/info/refs',
  '/acme/base.git//info/refs',
  '/acme/base.git/info/refs%23',
  '/acme/base.git/info/refs%00',
  '/acme/./base.git/info/refs',
  '/acme/base.git/../secret.git/info/refs',
  '/acme/%C0%AF.git/info/refs',
  '/acme/b%C3%A4se.git/info/refs',
  '/acme/base.git/info/lfs/../../../secret.git/info/refs',
  'http://evil.example.com/acme/base.git/info/refs',
])('P: %s is not forwarded', async (target) => {
  const status = await scenario.statusOf(`GET ${target}?service=git-upload-pack`);
  expect({ status, seen: scenario.upstream.bytes() }).toEqual({ status: 400, seen: '' });
});

describe('S: framing', () => {
  const push = 'POST /acme/payments.git/git-receive-pack';
  const hidden = 'GET /acme/secret.git/info/refs HTTP/1.1\r\nHost: x\r\n\r\n';

  testAmbiguousFraming(scenario, { requestLine: push, hidden });

  test('bytes after a batch refused for its body are not a request', async () => {
    const body = '{"operation":"upload"}';
    const responses = await scenario.send(batch(body).replace('Connection: close\r\n', '') + hidden);
    // The whole body was read, so the next bytes are a request without a credential.
    expect(responses.map(({ status }) => status)).toEqual([403, 401]);
    expect(scenario.upstream.bytes()).toBe('');
    const long = scenario.request(
      'POST /acme/base.git/info/lfs/objects/batch',
      [`Content-Type: ${LFS}`, 'Transfer-Encoding: chunked'],
      `200000\r\n${'x'.repeat(0x20_00_00)}\r\n0\r\n\r\n${hidden}`,
    );
    expect((await scenario.send(long)).map(({ status }) => status)).toEqual([413]);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a body that looks like a request is forwarded as one body', async () => {
    // An empty list of commands precedes it.
    const body = `0000${hidden}`;
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const responses = await scenario.send(
      scenario.request(push, ['Transfer-Encoding: chunked', 'Connection: close'], chunk),
    );
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(scenario.upstream.requests().map(({ body }) => body)).toEqual([expect.stringContaining(hidden)]);
  });
});
