/** Terraform: download tickets, which clients send in place of a credential, and states, which contain secrets. */
import { beforeEach, describe, expect, test } from 'vitest';
import { REASONS } from '../../src/core/reasons.ts';
import { FrozenClock } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { valuesOf } from '../support/received.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { asOperator, exchanged, giveBack } from '../support/revocation-calls.ts';
import { useScenarioPerTest } from '../support/scenario.ts';
import { useStarted } from '../support/use-started.ts';

const HOST = 'tf.example.com';
const upstream = useStarted(() => startRecordingUpstream());
const DOWNLOAD = 'GET /terraform/modules/v1/acme/vpc/aws/1.0.0/download';
const FILE = '/files/vpc.tar.gz?token=canary-url-token&archive=tgz';
const clock = new FrozenClock();

const scenario = useScenarioPerTest({
  host: HOST,
  clock,
  backends: { issuer: () => startIssuer({ clock }), upstream },
  token: ({ issuer }) => issuer.mint(),
  config: ({ issuer }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  infra:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: terraform, scopes: [read_package_registry], resources: ["modules/acme/**", "providers/*/acme/*"] }
      - { service: terraform, scopes: [read_package_registry, write_package_registry], resources: [states/acme/prod] }
      - { service: other, scopes: [read_package_registry], resources: ["**"] }
services:
  terraform:
    type: terraform
    hosts: [${HOST}]
    path: /terraform/
    anonymous: [{ scopes: [read_package_registry], resources: [modules/public/**] }]
    upstream: { url: "${upstream.url}/tf/", auth: { header: { name: X-Upstream-Key, value: canary-key } } }
  other: { type: terraform, hosts: [other.example.com], path: /terraform/, upstream: { url: "${upstream.url}/other/" } }
`,
});

beforeEach(() => upstream.reset());

const source = (location: string): void =>
  upstream.respond(`HTTP/1.1 204 No Content\r\nX-Terraform-Get: ${location}\r\n\r\n`);
const document = (value: unknown): void => {
  const body = JSON.stringify(value).replaceAll('\u017f', String.raw`\u017f`);
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "a"\r\nContent-Length: ${body.length}`;
  upstream.respond(`${head}\r\n\r\n${body}`);
};

/** The path and query of the URL in the response to a download. */
async function ticketFor(location = `${upstream.url}/tf${FILE}`): Promise<string> {
  source(location);
  const { status, headers } = await scenario.respond(DOWNLOAD);
  expect(status).toBe(204);
  upstream.respond(OK);
  upstream.reset();
  return (headers.get('x-terraform-get') ?? '').replace(`https://${HOST}`, '');
}

/** A request without the token of the scenario. */
function bare(line: string, headers: readonly string[] = [], host = HOST): Promise<RawResponse> {
  const lines = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, '', ''];
  return rawResponse(scenario.gateway.port, lines.join('\r\n'), { quiet: 10_000 });
}

const received = (name: string): readonly string[] =>
  upstream.requests().flatMap((request) => valuesOf(request, name));
const fetched = (): readonly string[] => upstream.requests().map(({ requestLine }) => requestLine);

describe('a download ticket', () => {
  test('reads its file more than once, with HEAD and GET, and nothing of the upstream is disclosed', async () => {
    const target = await ticketFor();
    expect(target).toMatch(/^\/terraform\/files\/vpc\.tar\.gz\?archive=tgz&download_token=eyJ[\w.-]+$/);
    expect(Buffer.from(target.split('.')[3] ?? '', 'base64url').toString()).not.toContain('canary');
    for (const method of ['HEAD', 'GET', 'GET']) expect((await bare(`${method} ${target}`)).status).toBe(200);
    expect(fetched()).toEqual(['HEAD', 'GET', 'GET'].map((method) => `${method} /tf${FILE} HTTP/1.1`));
    expect(upstream.bytes()).not.toContain('eyJ');
    expect(received('x-upstream-key')).toEqual(['canary-key', 'canary-key', 'canary-key']);
    expect(received('x-auth-identity')).toEqual(['infra', 'infra', 'infra']);
    for (const secret of ['eyJ', 'canary', 'download_token'])
      expect(scenario.gateway.auditText()).not.toContain(secret);
  });

  test('is bound to its path, to reading, to its service and to its parameter', async () => {
    const target = await ticketFor();
    const [, ticket = ''] = target.split('download_token=');
    const refused: readonly (readonly [string, readonly string[], string])[] = [
      [`GET ${target.replace('vpc.', 'net.')}`, [], HOST],
      [`GET ${target.replace('/files/', '/states/acme/prod/')}`, [], HOST],
      [`GET ${target.slice(0, -4)}AAAA`, [], HOST],
      [`GET ${target}`, [], 'other.example.com'],
      [`GET /terraform/files/vpc.tar.gz?token=${ticket}`, [], HOST],
      [`GET /terraform/files/vpc.tar.gz?download_token=${scenario.token}`, [], HOST],
      [
        `GET /terraform/files/vpc.tar.gz?download_token=${await exchanged(scenario.gateway, scenario.token)}`,
        [],
        HOST,
      ],
      ['GET /terraform/files/vpc.tar.gz', [`Authorization: Bearer ${ticket}`], HOST],
      ['GET /terraform/states/acme/prod', [`Authorization: Bearer ${ticket}`], HOST],
      [`LOCK /terraform/states/acme/prod?download_token=${ticket}`, ['Content-Length: 0'], HOST],
      [`POST ${target}`, ['Content-Length: 0'], HOST],
    ];
    for (const [line, headers, host] of refused)
      expect([line, (await bare(line, headers, host)).status]).toEqual([line, 401]);
    expect(upstream.bytes()).toBe('');
  });

  test('replaces a credential of netrc, and conflicts with another one in the query', async () => {
    const target = await ticketFor();
    const netrc = `Authorization: Basic ${Buffer.from('gitlab-ci-token:canary-netrc').toString('base64')}`;
    expect((await bare(`GET ${target}`, [netrc])).status).toBe(200);
    expect(upstream.bytes()).not.toContain('Basic');
    upstream.reset();
    for (const more of [`&${target.split('&')[1]}`, '&access_token=x', '&token=x', ';private_token=x'])
      expect((await bare(`GET ${target}${more}`)).status).toBe(400);
    expect(upstream.bytes()).toBe('');
  });

  test('expires after five minutes, and ends with the grant and with a revocation', async () => {
    const target = await ticketFor();
    // The list of revocations is stale until its next refresh: 503.
    const decided = (): Promise<number> =>
      eventually('a decision', async () => {
        const { status } = await bare(`GET ${target}`);
        return status === 503 ? undefined : status;
      });
    clock.advance(4 * 60_000 + 59_000);
    expect(await decided()).toBe(200);
    clock.advance(1_000);
    expect(await decided()).toBe(401);
    clock.advance(-60_000);
    await scenario.gateway.reload((yaml) => yaml.replace('"modules/acme/**", ', ''));
    expect((await bare(`GET ${target}`)).status).toBe(403);
    await scenario.gateway.reload((yaml) => yaml.replace('["providers', '["modules/acme/**", "providers'));
    expect((await bare(`GET ${target}`)).status).toBe(200);
    expect(await asOperator(scenario.gateway, { identity: 'infra' })).toBe(201);
    expect((await bare(`GET ${target}`)).status).toBe(401);
  });

  test('ends with a revocation of the access token that obtained it', async () => {
    const token = await exchanged(scenario.gateway, scenario.token);
    source(`${upstream.url}/tf${FILE}`);
    const { headers } = await bare(DOWNLOAD, [`Authorization: Bearer ${token}`]);
    const target = (headers.get('x-terraform-get') ?? '').replace(`https://${HOST}`, '');
    upstream.respond(OK);
    expect((await bare(`GET ${target}`)).status).toBe(200);
    expect((await giveBack(scenario.gateway, token)).status).toBe(200);
    expect((await bare(`GET ${target}`)).status).toBe(401);
  });

  test('for a route of another resource requires a grant that the ticket does not have', async () => {
    for (const path of ['states/acme/prod', 'modules/v1/acme/net/aws/versions']) {
      const target = await ticketFor(`${upstream.url}/tf/${path}`);
      expect((await bare(`GET ${target}`)).status).toBeGreaterThanOrEqual(401);
      expect(upstream.bytes()).toBe('');
    }
  });

  test('follows a redirect of its file, and no redirect to another server', async () => {
    const target = await ticketFor();
    upstream.respond(
      `HTTP/1.1 302 Found\r\nLocation: ${upstream.url}/tf/storage/a.tar.gz?sig=canary\r\nContent-Length: 0\r\n\r\n`,
    );
    const { status, headers } = await bare(`GET ${target}`);
    expect(status).toBe(302);
    const next = (headers.get('location') ?? '').replace(`https://${HOST}`, '');
    expect(next).toMatch(/^\/terraform\/storage\/a\.tar\.gz\?download_token=/);
    upstream.respond(OK);
    upstream.reset();
    expect((await bare(`GET ${next}`)).status).toBe(200);
    expect(fetched()).toEqual(['GET /tf/storage/a.tar.gz?sig=canary HTTP/1.1']);
    upstream.respond('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/a\r\nContent-Length: 0\r\n\r\n');
    expect((await bare(`GET ${target}`)).status).toBe(502);
  });

  test('of an anonymous download grants what anonymous requests are granted', async () => {
    source(`${upstream.url}/tf${FILE}`);
    const answer = await bare('GET /terraform/modules/v1/public/vpc/aws/1.0.0/download');
    const target = (answer.headers.get('x-terraform-get') ?? '').replace(`https://${HOST}`, '');
    upstream.respond(OK);
    expect((await bare(`GET ${target}`)).status).toBe(200);
    // The same for a credential without an identity.
    source(`${upstream.url}/tf${FILE}`);
    const stranger = `Authorization: Bearer ${scenario.issuer.mint({ project_id: '99' })}`;
    const other = await bare('GET /terraform/modules/v1/public/vpc/aws/1.0.0/download', [stranger]);
    upstream.respond(OK);
    const others = (other.headers.get('x-terraform-get') ?? '').replace(`https://${HOST}`, '');
    expect([other.status, (await bare(`GET ${others}`)).status]).toEqual([204, 200]);
    await scenario.gateway.reload((yaml) => yaml.replace('modules/public/**', 'modules/none/**'));
    expect((await bare(`GET ${target}`)).status).toBeGreaterThanOrEqual(401);
  });
});

test.each([
  'https://evil.example.com/vpc.tar.gz',
  'git::https://evil.example.com/vpc.git',
  '//evil.example.com/vpc.tar.gz',
  'file:///etc/passwd',
  'http://127.0.0.1:1\\@evil.example.com/vpc.tar.gz',
])('L5 a source that leads past the gateway is not relayed: %s', async (location) => {
  source(location);
  const { headers } = await scenario.respond(DOWNLOAD);
  expect(headers.get('x-terraform-get')).toBeUndefined();
  document({ location });
  expect((await scenario.respond(DOWNLOAD)).status).toBe(502);
  document({ Location: `${upstream.url}/tf/a.zip` });
  expect((await scenario.respond(DOWNLOAD)).status).toBe(502);
});

test('L5 names of members that Go reads as a URL are not relayed in another spelling', async () => {
  const evil = 'https://evil.example.com/p.zip';
  const url = `${upstream.url}/tf/p.zip`;
  // U+017F folds to `s` in Go's encoding/json. Escaped, as the length is in characters.
  document({ download_url: url, Download_URL: evil });
  const provider = 'GET /terraform/providers/v1/acme/null/1.0.0/download/linux/amd64';
  expect((await scenario.respond(provider)).status).toBe(502);
  for (const name of ['\u017fhasums_url', 'shasum\u017f_url', 'shasum\u017f_signature_url']) {
    document({ download_url: url, [name]: evil });
    expect([name, (await scenario.respond(provider)).status]).toEqual([name, 502]);
  }
  document({ archives: { a: { url } }, 'archive\u017f': { a: { url: evil } } });
  const mirrored = 'GET /terraform/mirror/registry.example.com/acme/null/1.0.0.json';
  expect((await scenario.respond(mirrored)).status).toBe(502);
});

test('L5 a document behind a redirect is read as a document, not as a file', async () => {
  for (const route of [DOWNLOAD, 'GET /terraform/providers/v1/acme/null/1.0.0/download/linux/amd64']) {
    upstream.respond(
      `HTTP/1.1 302 Found\r\nLocation: ${upstream.url}/tf/moved.json\r\nContent-Length: 0\r\n\r\n`,
    );
    const { status, headers } = await scenario.respond(route);
    expect(status).toBe(302);
    document({ location: 'https://evil.example.com/p.zip', download_url: 'https://evil.example.com/p.zip' });
    const next = (headers.get('location') ?? '').replace(`https://${HOST}`, '');
    // Terraform sends its credential again, as the host is the same.
    expect([route, (await scenario.respond(`GET ${next}`)).body]).not.toEqual([
      route,
      expect.stringContaining('evil'),
    ]);
    expect((await bare(`GET ${next}`)).body).not.toContain('evil');
  }
});

test('the URLs of a provider get tickets, and its hashes, keys and signatures stay unchanged', async () => {
  const signed = {
    shasum: 'aa',
    filename: 'p.zip',
    signing_keys: { gpg_public_keys: [{ source_url: 'https://x/' }] },
  };
  const at = (file: string): string => `${upstream.url}/tf/files/${file}`;
  const urls = {
    download_url: at('p.zip'),
    shasums_url: at('SHA256SUMS'),
    shasums_signature_url: at('SHA256SUMS.sig'),
  };
  document({ ...signed, ...urls });
  const answer = await scenario.respond('GET /terraform/providers/v1/acme/null/1.0.0/download/linux/amd64');
  expect(answer.headers.get('etag')).toBeUndefined();
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const { download_url, shasums_url, shasums_signature_url, ...others } = JSON.parse(answer.body) as Record<
    string,
    string
  >;
  expect(others).toEqual(signed);
  upstream.respond(OK);
  upstream.reset();
  for (const url of [download_url, shasums_url, shasums_signature_url])
    expect((await bare(`GET ${url?.replace(`https://${HOST}`, '')}`)).status).toBe(200);
  expect(fetched()).toEqual(
    ['p.zip', 'SHA256SUMS', 'SHA256SUMS.sig'].map((file) => `GET /tf/files/${file} HTTP/1.1`),
  );

  document({
    archives: {
      linux_amd64: { url: 'p.zip', hashes: ['h1:a='] },
      linux_arm64: { url: 'https://evil.example.com/p.zip' },
    },
  });
  const mirrored = 'GET /terraform/mirror/registry.example.com/acme/null/1.0.0.json';
  expect((await scenario.respond(mirrored)).status).toBe(502);
  document({ archives: { linux_amd64: { url: 'p.zip', hashes: ['h1:a='] } } });
  const { archives } = JSON.parse((await scenario.respond(mirrored)).body) as Record<
    string,
    Record<string, object>
  >;
  expect(archives?.['linux_amd64']).toEqual({
    url: expect.stringMatching(
      `^https://${HOST}/terraform/mirror/registry\\.example\\.com/acme/null/p\\.zip\\?download_token=`,
    ) as string,
    hashes: ['h1:a='],
  });
});

test('discovery names the registries of the service only, and requires a grant', async () => {
  const { status, headers } = await bare('GET /.well-known/terraform.json', [], 'other.example.com');
  expect([status, headers.get('www-authenticate')]).toEqual([401, 'Basic realm="other.example.com"']);
  const answer = await scenario.respond('GET /.well-known/terraform.json');
  expect(JSON.parse(answer.body)).toEqual({
    'modules.v1': '/terraform/modules/v1/',
    'providers.v1': '/terraform/providers/v1/',
  });
  expect(await scenario.statusOf('POST /.well-known/terraform.json', ['Content-Length: 0'])).toBe(403);
  expect(upstream.bytes()).toBe('');
});

test('H1, H2 identity headers beside a ticket → one real value', async () => {
  const target = await ticketFor();
  await bare(`GET ${target}`, [
    'X-Auth-Identity: admin',
    'X_Auth_Identity: admin',
    'X-Terraform-Get: https://evil/',
  ]);
  expect(received('x-auth-identity')).toEqual(['infra']);
  expect(upstream.bytes()).not.toContain('admin');
});

test.each([
  'GET /terraform/modules/v1/acme/../other/aws/versions',
  'GET /terraform/modules/v1/acme/%2e%2e/other/aws/versions',
  'GET /terraform/modules/v1/acme%2fvpc/aws/versions',
  'GET /terraform/mirror/registry.example.com/acme/..%2fother/index.json',
  'GET /terraform/states/acme/prod/..;/other',
  'POST /terraform/states/acme/prod/%2e%2e/other',
  'LOCK /terraform/states//acme/prod',
])('P1, P2, P3 %s → 400 ∅', async (line) => {
  const body = line.startsWith('GET') ? [] : ['Content-Length: 0'];
  expect(await scenario.statusOf(line, body)).toBe(400);
  expect(upstream.bytes()).toBe('');
});

test.each([
  ['Content-Length: 2', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: xchunked'],
  ['Content-Length: +2'],
])('S1 LOCK with %s %s → 400 ∅', async (...framing) => {
  expect(await scenario.statusOf('LOCK /terraform/states/acme/prod', framing, '{}')).toBe(400);
  expect(upstream.bytes()).toBe('');
});

test('L1, L2 the token of the client, in a header or in the query, does not reach the upstream', async () => {
  await scenario.respond('GET /terraform/states/acme/prod');
  expect(upstream.bytes()).not.toContain(scenario.token);
  upstream.reset();
  for (const name of ['token', 'private_token', 'access_token'])
    expect((await bare(`GET /terraform/states/acme/prod?${name}=${scenario.token}`)).status).toBe(401);
  expect(upstream.bytes()).toBe('');
});

test.each([
  ['LOCK', 423],
  ['LOCK', 409],
])(
  '%s: %i with the holder is relayed, and no refusal of the gateway has such a status',
  async (method, code) => {
    const holder = '{"ID":"1","Who":"ana"}';
    upstream.respond(`HTTP/1.1 ${code} Locked\r\nContent-Length: ${holder.length}\r\n\r\n${holder}`);
    const answer = await scenario.respond(
      `${method} /terraform/states/acme/prod`,
      ['Content-Length: 2'],
      '{}',
    );
    expect([answer.status, answer.body]).toEqual([code, holder]);
    const refused = await scenario.respond(
      `${method} /terraform/states/acme/other`,
      ['Content-Length: 2'],
      '{}',
    );
    expect(refused.status).toBe(403);
    expect(Object.values(REASONS).map(({ status }) => status)).not.toContain(code);
  },
);

test('a state is not recorded', async () => {
  const state = '{"outputs":{"password":{"value":"canary-state"}}}';
  upstream.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${state.length}\r\n\r\n${state}`);
  expect((await scenario.respond('GET /terraform/states/acme/prod')).body).toBe(state);
  const upload = [`Content-Length: ${state.length}`, 'Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg=='];
  expect((await scenario.respond('POST /terraform/states/acme/prod?ID=7c0e', upload, state)).status).toBe(
    200,
  );
  expect(fetched()).toContain('POST /tf/states/acme/prod?ID=7c0e HTTP/1.1');
  expect(scenario.gateway.auditText()).not.toContain('canary-state');
});
