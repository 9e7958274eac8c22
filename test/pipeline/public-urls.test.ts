/** The scheme of the URLs that the gateway writes for clients, where TLS ends at a proxy in front of it. */
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario, type Scenario } from '../support/scenario.ts';

const OTHER = 'packages.example.com';

function scenarioWith(publicUrl: string) {
  return useScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint({ aud: 'packages' }),
    server: { publicUrl, more: ['trustedProxies: [127.0.0.1, 10.0.0.0/8]'] },
    config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", audiences: [packages] } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
${['npm', 'listed', 'pypi', 'nuget', 'cargo', 'helm'].map((name) => `      - { service: ${name}, scopes: [read_package_registry], resources: ["**"] }`).join('\n')}
      - { service: git, scopes: [read_repository], resources: ["**"] }
services:
  registry: { type: oci, upstream: { url: "${upstream.url}/" } }
  listed: { type: npm, hosts: [${OTHER}], path: /npm/, upstream: { url: "${upstream.url}/" } }
${['npm', 'pypi', 'nuget', 'cargo', 'helm', 'git'].map((type) => `  ${type}: { type: ${type}, path: /${type}/, upstream: { url: "${upstream.url}/" } }`).join('\n')}
`,
  });
}

type Started = Scenario<Readonly<Record<'issuer', { close(): unknown }>> & { readonly upstream: Upstream }>;
type Upstream = Awaited<ReturnType<typeof startRecordingUpstream>>;

/** The tarball URL in an npm document, for a request with this Host and these headers. */
async function tarball(scenario: Started, host: string, headers: readonly string[] = []): Promise<unknown> {
  const body = JSON.stringify({ dist: { tarball: `${scenario.upstream.url}/a/-/a-1.0.0.tgz` } });
  scenario.upstream.respond(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const bytes = scenario.request('GET /npm/a', ['Connection: close', ...headers], '', host);
  const [response] = await scenario.send(bytes);
  return (JSON.parse(decoded(response)) as { dist: { tarball: string } }).dist.tarball;
}

/** The body of a response, with or without chunks. */
function decoded(
  response: { readonly headers: ReadonlyMap<string, string>; readonly body: string } | undefined,
) {
  const { headers, body } = response ?? { headers: new Map<string, string>(), body: '' };
  if (headers.get('transfer-encoding') !== 'chunked') return body;
  return body.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n(?:\r\n)?/g, '');
}

async function realm(scenario: Started, host: string, headers: readonly string[] = []) {
  const bytes = `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
  const [response] = await scenario.send(bytes);
  return /realm="([^"]*)"/.exec(response?.headers.get('www-authenticate') ?? '')?.[1];
}

const HTTPS = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https'];
const HTTP = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: http'];

describe('publicUrl with https, a listener without TLS', () => {
  const scenario = scenarioWith('https://gateway.example.com');

  test.each<readonly [string, string, readonly string[], string]>([
    ['the host of publicUrl', 'gateway.example.com', [], 'https'],
    ['the host of publicUrl with its default port', 'gateway.example.com:443', [], 'https'],
    ['a host of the service', OTHER, [], 'https'],
    ['the host of publicUrl, a proxy that says http', 'gateway.example.com', HTTP, 'https'],
    ['a host of the service, a proxy that says http', OTHER, HTTP, 'https'],
    ['another host', 'gatehouse.svc', [], 'http'],
    ['the host of publicUrl with another port', 'gateway.example.com:8080', [], 'http'],
    ['another host, a proxy that says https', 'gatehouse.svc', HTTPS, 'https'],
    [
      'another host, two proxies, TLS ends at the first',
      'gatehouse.svc',
      ['X-Forwarded-For: 192.0.2.1, 10.1.2.3', 'X-Forwarded-Proto: https,http'],
      'https',
    ],
    [
      'another host, a client that forges an entry',
      'gatehouse.svc',
      ['X-Forwarded-For: 10.1.2.3, 192.0.2.1', 'X-Forwarded-Proto: https,http'],
      'http',
    ],
  ])('%s', async (_name, host, headers, scheme) => {
    expect(await tarball(scenario, host, headers)).toBe(`${scheme}://${host}/npm/a/-/a-1.0.0.tgz`);
  });

  test('the token endpoint of a registry has https for every host', async () => {
    expect(await realm(scenario, 'gateway.example.com')).toBe('https://gateway.example.com/token');
    expect(await realm(scenario, 'gateway.example.com', HTTP)).toBe('https://gateway.example.com/token');
    expect(await realm(scenario, 'gatehouse.svc')).toBe('https://gatehouse.svc/token');
  });

  const own = (path: string): string => `${scenario.upstream.url}/${path}`;
  const lfs = { operation: 'download', transfers: ['basic'], objects: [{ oid: 'a'.repeat(64), size: 1 }] };

  test.each<readonly [string, string, string, () => string]>([
    ['pypi', 'GET /pypi/simple/a/', 'text/html', () => `<a href="${own('packages/a-1.0.tar.gz')}">a</a>`],
    [
      'nuget',
      'GET /nuget/v3/index.json',
      'application/json',
      () =>
        JSON.stringify({
          version: '3.0.0',
          resources: [{ '@id': own('v3/flat/'), '@type': 'PackageBaseAddress/3.0.0' }],
        }),
    ],
    [
      'cargo',
      'GET /cargo/index/config.json',
      'application/json',
      () => JSON.stringify({ dl: own('api/v1/crates'), api: own('') }),
    ],
    [
      'helm',
      'GET /helm/index.yaml',
      'application/yaml',
      () => `entries: {a: [{urls: ["${own('a-1.0.0.tgz')}"]}]}`,
    ],
    [
      'git',
      'POST /git/acme/a.git/info/lfs/objects/batch',
      'application/vnd.git-lfs+json',
      () =>
        JSON.stringify({
          objects: [{ oid: 'a'.repeat(64), size: 1, actions: { download: { href: own('acme/a.git/x') } } }],
        }),
    ],
  ])('%s', async (type, line, media, document) => {
    const body = document();
    scenario.upstream.respond(
      `HTTP/1.1 200 OK\r\nContent-Type: ${media}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const batch = type === 'git' ? JSON.stringify(lfs) : '';
    const headers = batch === '' ? [] : [`Content-Type: ${media}`, `Content-Length: ${batch.length}`];
    const response = await scenario.respond(line, headers, batch);
    expect(response.status).toBe(200);
    expect(decoded(response)).toContain(`https://gateway.example.com/${type}/`);
    expect(decoded(response)).not.toContain('http://');
  });
});

describe('publicUrl with http', () => {
  const scenario = scenarioWith('http://gateway.example.com');

  test.each<readonly [string, readonly string[], string]>([
    ['no proxy', [], 'http'],
    ['a proxy that says https', HTTPS, 'https'],
    ['a proxy that says http', HTTP, 'http'],
  ])('%s', async (_name, headers, scheme) => {
    const host = 'gateway.example.com';
    expect(await tarball(scenario, host, headers)).toBe(`${scheme}://${host}/npm/a/-/a-1.0.0.tgz`);
    expect(await realm(scenario, host, headers)).toBe(`${scheme}://${host}/token`);
  });
});
