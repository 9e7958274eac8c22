/** Maven and NuGet: ambiguous names, and credentials in every source of the clients. */
import { describe, expect, test } from 'vitest';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { useRecordedScenario } from '../support/scenario/recorded.ts';

const KEY = 'canary-upstream-key-31';

const services = ['maven', 'nuget'] as const;
const scenario = useRecordedScenario({
  host: 'feeds.example.com',
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  all:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
${services.map((name) => `      - { service: ${name}, scopes: [read_package_registry, write_package_registry], resources: ["**"] }`).join('\n')}
  one:
    issuer: gitlab
    match: { project_id: "21" }
    grants:
      - { service: maven, scopes: [read_package_registry, write_package_registry], resources: ["com/acme/app/**"] }
      - { service: nuget, scopes: [read_package_registry, write_package_registry], resources: ["acme.core"] }
  pattern:
    issuer: gitlab
    match: { project_id: "22" }
    grants:
      - { service: maven, scopes: [read_package_registry, write_package_registry], resources: ["com.acme/**", "com/*/lib/**"] }
services:
${services.map((name) => `  ${name}: { type: ${name}, path: /${name}/, upstream: { url: "${upstream.url}/${name}/", auth: { header: { name: X-NuGet-ApiKey, value: ${KEY} } } } }`).join('\n')}
`,
});

function fetchPath(
  line: string,
  credential = `Authorization: Bearer ${scenario.token}`,
): Promise<RawResponse> {
  const head = [
    `${line} HTTP/1.1`,
    'Host: feeds.example.com',
    credential,
    'Content-Length: 0',
    'Connection: close',
  ];
  return rawResponse(scenario.gateway.port, [...head, '', ''].join('\r\n'), { quiet: 5_000 });
}

describe('an ambiguous request is refused even with a grant for all', () => {
  test.each([
    'GET /maven/com/acme/../../other',
    'GET /maven/com/acme/%2e%2e/other',
    'GET /maven/com/acme/..%2fother',
    'GET /maven/com/acme%2fapp/1.0/app-1.0.jar',
    'GET /maven/com/acme/..%5cother',
    'GET /maven/com/acme//app',
    'GET /maven/com/acme/app;x/1.0/app-1.0.jar',
    'GET /maven/com/acme/app/1.0/app-1.0.jar%00.pom',
    'GET /maven/com/acme/%252e%252e/other',
    'PUT /maven/com/acme/app/1.0%2B1/app.jar',
    'GET /nuget/v3/package/acme.core/../other/index.json',
    'GET /nuget/v3/package/%2e%2e/other/index.json',
    'GET /nuget/v3/package/acme.core%2f..%2fother/index.json',
    'GET /nuget/v3/package//acme.core/index.json',
    'DELETE /nuget/api/v2/package/acme.core/..%2f..%2fother',
  ])('%s → 400 ∅', async (line) => {
    expect((await fetchPath(line)).status).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    'GET /maven/com/acme/',
    'GET /maven/com/acme./app/1.0/app-1.0.jar',
    'PROPFIND /maven/com/acme',
    'MOVE /maven/com/acme/app/1.0/app-1.0.jar',
    'GET /nuget/v3/package/acme.core/1.0.0/other.1.0.0.nupkg',
    'GET /nuget/v3/package/acme%20core/index.json',
    'GET /nuget/v3/package/acme.core./index.json',
    'GET /nuget/FindPackagesById()',
    'POST /nuget/api/v2/package',
  ])('%s → 403 ∅', async (line) => {
    const { status, headers } = await fetchPath(line);
    expect(status).toBe(403);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test.each([
  ['GET /maven/com/acme/app/1.0/app-1.0.jar.sha1', 200],
  ['PUT /maven/com/acme/app/maven-metadata.xml', 200],
  ['PUT /maven/com/acme/maven-metadata.xml', 403],
  ['GET /maven/com/acme/app2/1.0/app2-1.0.jar', 403],
  ['GET /maven/com/ACME/app/1.0/app-1.0.jar', 403],
  ['GET /maven/com.acme/app/1.0/app-1.0.jar', 403],
  ['PUT /maven/com/acme/app/1.0/app-1.0.jar?use_legacy_package_name=true', 403],
  ['GET /nuget/v3/package/ACME.Core/index.json', 200],
  ['GET /nuget/v3/package/acme.core.more/index.json', 403],
  ['GET /nuget/v3/index.json', 502],
  ['GET /nuget/v3/search?q=acme.core', 403],
  ['PUT /nuget/api/v2/package/', 403],
  ['DELETE /nuget/api/v2/package/Acme.Core/1.0.0', 200],
])('with a grant for one package: %s → %d', async (line, status) => {
  const one = scenario.issuer.mint({ project_id: '21' });
  expect((await fetchPath(line, `Authorization: Bearer ${one}`)).status).toBe(status);
  expect(scenario.upstream.requests()).toHaveLength(status === 403 ? 0 : 1);
});

test.each([
  ['com.acme/app/1.0/app-1.0.jar', 'com/acme/app'],
  ['com/acme.secret/lib/1.0/lib-1.0.jar', 'com/acme/secret/lib'],
])('%s is not written with a grant that excludes %s: Gitea stores it there', async (file) => {
  const pattern = `Authorization: Bearer ${scenario.issuer.mint({ project_id: '22' })}`;
  expect((await fetchPath(`PUT /maven/${file}`, pattern)).status).toBe(403);
  expect(scenario.upstream.bytes()).toBe('');
});

test.each([
  ['maven', 'Job-Token'],
  ['maven', 'Deploy-Token'],
  ['maven', 'Private-Token'],
  ['maven', 'job_token'],
  ['nuget', 'X-NuGet-ApiKey'],
  ['nuget', 'x_nuget_apikey'],
])('%s: the credential in %s is replaced by the upstream credential', async (type, header) => {
  // The same credential in two sources counts once.
  const twice = `Authorization: Bearer ${scenario.token}\r\n${header}: ${scenario.token}`;
  await fetchPath(type === 'maven' ? 'GET /maven/com/acme/a.jar' : 'PUT /nuget/api/v2/package', twice);
  expect(valuesOf(receivedBy(scenario.upstream), 'x-nuget-apikey')).toEqual([KEY]);
  expect(scenario.upstream.bytes()).not.toContain(scenario.token);
});

test('an API key with a different second credential is a conflict', async () => {
  const both = `Authorization: Bearer ${scenario.token}\r\nX-NuGet-ApiKey: az`;
  expect((await fetchPath('PUT /nuget/api/v2/package', both)).status).toBe(400);
  const same = `Authorization: Bearer ${scenario.token}\r\nX-NuGet-ApiKey: ${scenario.token}`;
  expect((await fetchPath('PUT /nuget/api/v2/package', same)).status).toBe(200);
  expect(valuesOf(receivedBy(scenario.upstream), 'x-nuget-apikey')).toEqual([KEY]);
});

test('files of a repository are relayed unchanged', async () => {
  const signature = `-----BEGIN PGP SIGNATURE-----\n${scenario.upstream.url}/maven/x\n`;
  scenario.upstream.respond(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nETag: "1"\r\nContent-Length: ${signature.length}\r\n\r\n${signature}`,
  );
  const { body, headers } = await fetchPath('GET /maven/com/acme/app/1.0/app-1.0.jar.asc');
  expect(body).toBe(signature);
  expect(headers.get('etag')).toBe('"1"');
});
