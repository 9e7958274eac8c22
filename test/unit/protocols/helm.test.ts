import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../src/core/request/request-head.ts';
import { packageProtocols } from '../../support/protocols.ts';
import { SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.helm({ path: '/charts/' });

/** Resources of the requested operations, all of one scope and extent. */
function requestedResources(method: string, path: string): readonly string[] {
  const head = { method, host: 'gateway.example.com', query: '', hasBody: false, rawHeaders: [] };
  const found = classify({ ...head, path: `/charts/${path}` as RequestHead['path'] });
  if (found.kind !== 'operations') return [found.kind];
  return found.operations.map(({ scope, resource, extent }) =>
    [scope.replace('_package_registry', ''), extent, resource].filter(Boolean).join(' '),
  );
}

test.each<[string, string, ...string[]]>([
  ['GET', 'index.yaml', 'read any'],
  ['PUT', 'index.yaml', 'write every'],
  ['GET', 'acme-web-1.2.3.tgz', 'read one acme-web'],
  ['HEAD', 'charts/acme-web-1.2.3.tgz.prov', 'read one acme-web'],
  ['GET', 'charts/acme.web-v1.2.3-rc.1%2Bbuild.5.tgz', 'read one acme.web'],
  ['PUT', 'charts/acme-web-1.2.3.tgz', 'write one acme-web'],
  ['DELETE', 'charts/acme-web-1.2.3.tgz', 'write one acme-web'],
  ['GET', 'api/charts', 'read every'],
  ['POST', 'api/charts', 'write every'],
  ['POST', 'api/prov', 'write every'],
  ['GET', 'api/charts/acme-web', 'read one acme-web'],
  ['HEAD', 'api/charts/acme-web/1.2.3', 'read one acme-web'],
  ['GET', 'api/charts/acme-web/1.2.3/values', 'read one acme-web'],
  ['DELETE', 'api/charts/acme-web/1.2.3', 'write one acme-web'],
])('%s %s', (method, path, ...expected) => {
  expect(requestedResources(method, path)).toEqual(expected);
});

describe('ambiguous file names: every candidate must be granted', () => {
  test.each<[string, ...string[]]>([
    ['redis-6-1.2.3.tgz', 'read one redis', 'read one redis-6'],
    ['acme-1.0.0-other-2.0.0.tgz', 'read one acme', 'read one acme-1.0.0-other'],
    ['acme.tgz', 'read every'],
    ['acme-latest.tgz', 'read every'],
    ['-1.0.0.tgz', 'read every'],
    [`a${'-1'.repeat(128)}.tgz`, 'read every'],
  ])('%s', (path, ...expected) => {
    expect(requestedResources('GET', path)).toEqual(expected);
  });
});

test.each([
  ['GET', ''],
  ['GET', 'charts/'],
  ['GET', 'index.yaml.bak'],
  ['POST', 'index.yaml'],
  ['POST', 'acme-web-1.2.3.tgz'],
  ['GET', 'api/prov'],
  ['GET', 'api/charts/'],
  ['GET', 'api/charts/a%20b'],
  ['GET', 'api/charts/acme/'],
  ['GET', 'api/charts/acme/1.0.0/files'],
  ['GET', 'api/charts/acme/1.0.0/values/more'],
  ['DELETE', 'api/charts/acme'],
  ['POST', 'api/charts/acme'],
])('%s %s is not an operation of a chart repository', (method, path) => {
  expect(requestedResources(method, path)).toEqual(['unknown']);
});

test('a reason phrase for helm, and a text body for curl', () => {
  expect(challenge({ host: 'gateway.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="gateway.example.com"',
  );
  expect(refusal(SCOPE_NOT_GRANTED, '*/*')).toEqual({
    contentType: 'text/plain; charset=utf-8',
    body: 'Why.\nerror: scope_not_granted\nrequest id: r-1\n',
    phrase: 'Why. (scope_not_granted)',
  });
});
