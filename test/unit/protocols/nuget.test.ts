import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { headsAt } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.nuget({ path: '/nuget/' });

const head = headsAt('nuget.example.com');

const READ = 'read_package_registry';
const WRITE = 'write_package_registry';

test.each([
  ['GET', 'index.json', READ, '', 'any', true],
  ['GET', 'v3/index.json', READ, '', 'any', true],
  ['GET', 'v3/registration/acme.core/index.json', READ, 'acme.core', 'one', true],
  ['GET', 'v3/registration5-semver1/Acme.Core/index.json', READ, 'acme.core', 'one', true],
  ['GET', 'v3/registrations2-semver2/acme.core/1.0.0.json', READ, 'acme.core', 'one', true],
  ['GET', 'registration/acme.core/page/1.0.0/2.0.0-rc.1.json', READ, 'acme.core', 'one', true],
  ['GET', 'metadata/acme.core/1.0.0', READ, 'acme.core', 'one', true],
  ['GET', 'v3/package/acme.core/index.json', READ, 'acme.core', 'one', false],
  ['GET', 'v3-flatcontainer/acme.core/1.0.0/acme.core.1.0.0.nupkg', READ, 'acme.core', 'one', false],
  ['HEAD', 'v3/flat2/Acme.Core/1.0.0/Acme.Core.1.0.0.nupkg', READ, 'acme.core', 'one', false],
  ['GET', 'package/acme.core/1.0.0/acme.core.nuspec', READ, 'acme.core', 'one', false],
  ['GET', 'download/acme.core/1.0.0-beta/acme.core.1.0.0-beta.snupkg', READ, 'acme.core', 'one', false],
  ['GET', 'v3/package/acme.core/1.0.0/readme', READ, 'acme.core', 'one', false],
  ['GET', 'query', READ, '', 'every', true],
  ['GET', 'v3/search', READ, '', 'every', true],
  ['GET', 'v3/autocomplete', READ, '', 'every', true],
  ['GET', 'v3/catalog0/data/2026.01.02.03.04.05/acme.core.1.0.0.json', READ, '', 'every', true],
  ['PUT', 'api/v2/package', WRITE, '', 'every', false],
  ['PUT', 'api/v2/package/', WRITE, '', 'every', false],
  ['PUT', 'api/v2/symbolpackage', WRITE, '', 'every', false],
  ['PUT', '', WRITE, '', 'every', false],
  ['DELETE', 'api/v2/package/Acme.Core/1.0.0', WRITE, 'acme.core', 'one', false],
  ['POST', 'api/v2/package/Acme.Core/1.0.0', WRITE, 'acme.core', 'one', false],
  ['DELETE', 'acme.core/1.0.0', WRITE, 'acme.core', 'one', false],
])('%s %s', (method, path, scope, resource, extent, rewritten) => {
  const found = classify(head(method, `/nuget/${path}`));
  expect(found).toMatchObject({ kind: 'operations', operations: [{ scope, resource, extent }] });
  expect('plan' in found).toBe(rewritten);
});

test.each([
  // Two names in one path, or an ambiguous name.
  ['GET', 'v3/package/acme.core/1.0.0/other.1.0.0.nupkg'],
  ['GET', 'v3/package/acme.core/1.0.0/acme.core.2.0.0.nupkg'],
  ['GET', 'v3/package/acme.core/1.0.0/acme.core.1.0.0.nupkg/more'],
  ['GET', 'v3/package/acme%2Ecore%2Fx/index.json'],
  ['GET', 'v3/package/acm%C3%A9/index.json'],
  ['GET', 'v3/package/acme..core/index.json'],
  ['GET', 'v3/package/.acme/index.json'],
  ['GET', `v3/package/${'a'.repeat(101)}/index.json`],
  ['GET', 'v3/package/acme.core/latest/acme.core.latest.nupkg'],
  ['GET', 'v3/registration/index.json'],
  ['GET', 'v3/registration/acme.core/page/1.0.0.json'],
  ['GET', 'v3/registration/acme.core/other.json'],
  ['GET', 'v3/other/acme.core/index.json'],
  // The OData feeds of version 2.
  ['GET', 'FindPackagesById()'],
  ['GET', "Packages(Id='acme.core',Version='1.0.0')"],
  ['GET', '$metadata'],
  ['GET', ''],
  ['GET', 'api/v2/package'],
  ['POST', 'api/v2/package'],
  ['DELETE', 'api/v2/package'],
  ['PUT', 'api/v2/package/acme.core/1.0.0'],
  ['DELETE', 'api/v2/package/acme.core/everything'],
  ['POST', 'v3/search'],
])('%s %s is not an operation of a NuGet feed', (method, path) => {
  expect(classify(head(method, `/nuget/${path}`))).toMatchObject({ kind: 'unknown' });
});

test('a Basic challenge, and a refusal with a header and a reason phrase', () => {
  expect(challenge({ host: 'nuget.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="nuget.example.com"',
  );
  const text = {
    status: 403,
    error: 'resource_not_granted',
    message: 'Why — so.',
    requestId: 'r-1',
    operations: [],
  };
  expect(refusal(text, '*/*')).toMatchObject({
    phrase: 'Why  so. (resource_not_granted)',
    headers: ['X-NuGet-Warning', 'Why  so. (resource_not_granted), request id r-1'],
  });
});

describe('the service index', () => {
  const requested = classify(head('GET', '/nuget/v3/index.json'));
  const rewrite = requested.kind === 'operations' ? requested.plan?.rewrite : undefined;
  if (rewrite?.kind !== 'document') throw new Error('the index is no document');
  const PUBLIC = 'https://gateway.example.com/nuget/';
  const urls = {
    base: PUBLIC,
    leadsToStorage: (url: string) => url.startsWith('https://storage/'),
    of: (url: string) =>
      url.startsWith('http://feed/') ? PUBLIC + url.slice('http://feed/'.length) : undefined,
  };
  const rewritten = (...ids: readonly unknown[]): unknown => {
    const resources = ids.map((id) => ({ '@id': id, '@type': 'x' }));
    return JSON.parse(rewrite.rewrite(JSON.stringify({ version: '3.0.0', resources }), urls) ?? 'null');
  };

  test('keeps URLs of configured storage', () => {
    expect(rewritten('https://storage/v3/package/')).toMatchObject({
      resources: [{ '@id': 'https://storage/v3/package/' }],
    });
  });

  test('keeps only resources at the gateway', () => {
    expect(rewritten('http://feed/v3/package/', 'http://elsewhere/', 'HTTP://FEED/', '/v3/search')).toEqual({
      version: '3.0.0',
      resources: [{ '@id': `${PUBLIC}v3/package/`, '@type': 'x' }],
    });
  });

  test.each([
    'http://feed/../api/',
    'http://feed/a/..',
    'http://feed/%2e%2e/',
    'http://feed/a\\..\\..',
    'http://feed/a?x=http://elsewhere/',
    'http://feed/\n//elsewhere/',
    17,
    null,
  ])('%j is removed', (id) => expect(rewritten(id)).toEqual({ version: '3.0.0', resources: [] }));

  test.each(['', '<html>', '[]', '{}', '{"resources":{}}', '{"resources":[],"resources":[]}'])(
    '%j is not relayed',
    (document) => expect(rewrite.rewrite(document, urls)).toBeUndefined(),
  );
});
