/** URLs of the upstream in response headers: its URL and its aliases lead to the gateway, in every header that has URLs. */
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const ALIAS = 'https://alias.internal:8443';

const scenario = useScenario({
  backends: {
    issuer: () => startIssuer(),
    upstream: () => startRecordingUpstream(),
    registry: () => startRecordingUpstream(),
  },
  token: ({ issuer }) => issuer.mint(),
  config: ({ issuer, upstream, registry }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: api, scopes: [read_api, write_api, websocket], resources: ["**"] }
      - { service: registry, scopes: [read_registry, write_registry], resources: ["**"] }
      - { service: team, scopes: [read_registry, write_registry], resources: ["**"] }
services:
  api:
    type: http
    path: /api/
    upstream:
      url: "${upstream.url}/base/"
      aliases: ["${ALIAS}/rest/"]
      redirectOrigins: ["https://storage.example.com"]
  registry:
    type: oci
    blobRedirects: follow
    upstream: { url: "${registry.url}/", aliases: ["${ALIAS}/"] }
  team:
    type: oci
    hosts: [team.example.com]
    repositoryPrefix: team/
    upstream: { url: "${registry.url}/", aliases: ["${ALIAS}/"] }
`,
});

/** An empty response with these header lines. */
function response(status: string, ...lines: readonly string[]): string {
  return [`HTTP/1.1 ${status}`, ...lines, 'Content-Length: 0', '', ''].join('\r\n');
}

describe.each([
  ['the upstream', (path: string) => `${scenario.upstream.url}/base/${path}`],
  [
    'the upstream, with the other scheme',
    (path: string) => `https://127.0.0.1:${scenario.upstream.port}/base/${path}`,
  ],
  ['an alias', (path: string) => `${ALIAS}/rest/${path}`],
  ['the host of the client', (path: string) => `https://gateway.example.com/base/${path}`],
  [
    'the host of the client, with the public prefix',
    (path: string) => `http://gateway.example.com/api/${path}`,
  ],
])('a URL under %s', (_name, urlOf) => {
  test.each<readonly [string, (url: string) => string]>([
    ['Location', (url) => url],
    ['Content-Location', (url) => url],
    ['X-Terraform-Get', (url) => url],
    ['SourceMap', (url) => url],
    ['Link', (url) => `<${url}>; rel="next"`],
    ['Link', (url) => `<${url}>; rel="next"; anchor="${url}", <${url}>; rel="last"`],
    ['Refresh', (url) => `5; url=${url}`],
    ['Refresh', (url) => `0;URL="${url}"`],
  ])('in %s leads to the gateway', async (name, valueOf) => {
    scenario.upstream.respond(response('201 Created', `${name}: ${valueOf(urlOf('a?page=2'))}`));
    const { status, headers } = await scenario.respond('GET /api/x');
    expect([status, headers.get(name.toLowerCase())]).toEqual([201, valueOf('/api/a?page=2')]);
  });
});

test.each([
  ['Location', 502, undefined],
  ['Content-Location', 200, undefined],
  ['Refresh', 200, undefined],
  ['Link', 200, `<${ALIAS}/other/a>; rel="next"`],
])('a URL of the server of an alias outside of its path, in %s', async (name, status, kept) => {
  const url = name === 'Link' ? `<${ALIAS}/other/a>; rel="next"` : `${ALIAS}/other/a`;
  scenario.upstream.respond(response('200 OK', `${name}: ${url}`));
  const answer = await scenario.respond('GET /api/x');
  expect([answer.status, answer.headers.get(name.toLowerCase())]).toEqual([status, kept]);
});

test('a Refresh without a URL, or with one that is allowed, is relayed', async () => {
  for (const value of ['5', '5; url=next', '5; url=https://storage.example.com/a']) {
    scenario.upstream.respond(response('200 OK', `Refresh: ${value}`));
    expect((await scenario.respond('GET /api/x')).headers.get('refresh')).toBe(value);
  }
});

test('no challenge of the upstream reaches a client', async () => {
  const realm = `WWW-Authenticate: Bearer realm="${ALIAS}/rest/token"`;
  scenario.upstream.respond(response('200 OK', realm));
  expect((await scenario.respond('GET /api/x')).head).not.toMatch(/www-authenticate/i);
});

describe('a registry', () => {
  test('that names itself by an alias takes an upload', async () => {
    scenario.registry.respond(
      response('202 Accepted', `Location: ${ALIAS}/v2/acme/api/blobs/uploads/u?_state=s`),
    );
    const upload = await scenario.respond('POST /v2/acme/api/blobs/uploads/');
    expect([upload.status, upload.headers.get('location')]).toEqual([
      202,
      '/v2/acme/api/blobs/uploads/u?_state=s',
    ]);
  });

  test('with a prefix: one of its repositories may be named like the prefix', async () => {
    for (const base of [ALIAS, 'http://team.example.com', scenario.registry.url]) {
      scenario.registry.respond(response('202 Accepted', `Location: ${base}/v2/team/api/blobs/uploads/u`));
      const line = 'POST /v2/team/team/api/blobs/uploads/';
      const [upload] = await scenario.send(
        scenario.request(line, ['Connection: close'], '', 'team.example.com'),
      );
      expect(upload?.headers.get('location')).toBe('/v2/team/team/api/blobs/uploads/u');
    }
  });

  test.each([ALIAS, 'http://gateway.example.com'])(
    'that redirects a blob to %s is followed',
    async (base) => {
      const digest = `sha256:${'a'.repeat(64)}`;
      scenario.registry.reset();
      scenario.registry.respond((socket, { requestLine }) => {
        socket.write(
          requestLine.includes('/v2/acme/')
            ? response('307 Temporary Redirect', `Location: ${base}/v2/blobs/1`)
            : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nblob',
        );
      });
      const blob = await scenario.respond(`GET /v2/acme/api/blobs/${digest}`);
      expect([blob.status, blob.body]).toEqual([200, 'blob']);
      expect(scenario.registry.requests().at(-1)?.requestLine).toBe('GET /v2/blobs/1 HTTP/1.1');
      expect(scenario.registry.requests().at(-1)?.headers.has('authorization')).toBe(false);
    },
  );
});
