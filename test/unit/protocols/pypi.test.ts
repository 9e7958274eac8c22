import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.pypi({ path: '/pypi/' });

const head = headsAt('gateway.example.com', '/pypi/');

/** Resources of the requested operations, all of one scope and extent. */
function requestedResources(method: string, path: string): readonly string[] {
  const found = classify(head(method, path));
  if (found.kind !== 'operations') return [found.kind];
  return found.operations.map(({ scope, resource, extent }) =>
    [scope.replace('_package_registry', ''), extent, resource].filter(Boolean).join(' '),
  );
}

describe('all spellings of a name are one project (PEP 503)', () => {
  test.each(['acme-api', 'Acme.API', 'acme__api', 'ACME-.-api'])('%s', (name) => {
    expect(requestedResources('GET', `simple/${name}/`)).toEqual(['read one acme-api']);
    expect(requestedResources('HEAD', `+simple/${name}`)).toEqual(['read one acme-api']);
    expect(requestedResources('GET', `%2Bsimple/${name}/`)).toEqual(['read one acme-api']);
  });
});

test.each<[string, string, ...string[]]>([
  ['GET', 'simple/', 'read every'],
  ['GET', 'simple', 'read every'],
  ['POST', '', 'write every'],
  ['POST', 'legacy/', 'write every'],
  ['GET', 'packages/acme_api-1.0-py3-none-any.whl', 'read one acme-api'],
  ['GET', 'packages/ab/cd/acme_api-1.0-1-py3-none-any.whl', 'read one acme-api'],
  ['GET', '+f/abc/def/acme_api-1.0%2Bcu118-cp311-cp311-linux_x86_64.whl', 'read one acme-api'],
  ['GET', 'packages/acme_api-1.0-py3-none-any.whl.metadata', 'read one acme-api'],
  ['GET', 'packages/acme_api-1.0.tar.gz', 'read one acme-api'],
  ['GET', 'packages/acme_api-1.0.tar.gz.asc', 'read one acme-api'],
  ['GET', 'packages/Acme-API-1.0.zip', 'read one acme-api'],
  ['GET', 'packages/python3-saml-v1.0.tar.gz', 'read one python3-saml'],
  ['GET', 'integrity/Acme.API/1.0/acme_api-1.0.tar.gz/provenance', 'read one acme-api'],
  ['GET', 'simple/acme-api/acme_api-1.0.tar.gz', 'read one acme-api'],
])('%s %s', (method, path, ...expected) => {
  expect(requestedResources(method, path)).toEqual(expected);
});

describe('ambiguous file names: every candidate must be granted', () => {
  test.each<[string, ...string[]]>([
    ['packages/acme-2-1.0.tar.gz', 'read one acme', 'read one acme-2'],
    ['packages/acme-1.0-other-2.0.tar.gz', 'read one acme', 'read one acme-1-0-other'],
    ['packages/acme-1.0-1.tar.gz', 'read one acme', 'read one acme-1-0'],
    ['simple/acme/other-1.0.tar.gz', 'read one acme', 'read one other'],
    ['integrity/acme/1.0/other-1.0.tar.gz/provenance', 'read one acme', 'read one other'],
    // No candidate.
    ['packages/acme.tar.gz', 'read every'],
    ['packages/acme-latest.zip', 'read every'],
    ['packages/acme-api-1.0-py3-none-any.whl', 'read every'],
    ['packages/acme-1.0-1-py3-none-any-more.whl', 'read every'],
    ['packages/-1.0.tar.gz', 'read every'],
    // Names longer than files can have: the candidates would block the process for seconds.
    [`packages/a${'-1'.repeat(128)}.tar.gz`, 'read every'],
  ])('%s', (path, ...expected) => {
    expect(requestedResources('GET', path)).toEqual(expected);
  });
});

test.each([
  ['GET', ''],
  ['GET', 'packages/'],
  ['GET', 'packages/readme.txt'],
  ['GET', 'simple/acme%20api/'],
  ['GET', 'simple/-acme/'],
  ['GET', 'simple/acme-/'],
  ['GET', 'simple/acme/1.0/acme-1.0.tar.gz'],
  ['GET', 'simple/acme/refresh'],
  ['GET', 'integrity/acme/1.0/acme-1.0.tar.gz'],
  ['POST', 'simple/acme/'],
  ['POST', 'packages/acme-1.0.tar.gz'],
  ['PUT', 'packages/acme-1.0.tar.gz'],
  ['DELETE', 'packages/acme-1.0.tar.gz'],
])('%s %s is not an operation of an index', (method, path) => {
  expect(requestedResources(method, path)).toEqual(['unknown']);
});

test('a refusal is a problem document for uv, with a reason phrase for pip and twine', () => {
  expect(challenge({ host: 'gateway.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="gateway.example.com"',
  );
  const { contentType, body, phrase } = refusal(SCOPE_NOT_GRANTED, '*/*');
  expect(contentType).toBe('application/problem+json');
  expect(JSON.parse(body)).toEqual({
    title: 'scope_not_granted',
    status: 403,
    detail: 'Why.',
    request_id: 'r-1',
  });
  expect(phrase).toBe('Why. (scope_not_granted)');
});
