import { expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { headsAt } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.generic({ path: '/files/' });

const head = headsAt('files.example.com');

test.each([
  ['GET', '/files/acme/a.tgz', 'read_package_registry', 'acme/a.tgz', 'one'],
  ['HEAD', '/files/acme/a.tgz', 'read_package_registry', 'acme/a.tgz', 'one'],
  ['PUT', '/files/acme/a.tgz', 'write_package_registry', 'acme/a.tgz', 'one'],
  ['POST', '/files/acme/', 'write_package_registry', 'acme/', 'one'],
  ['DELETE', '/files/acme/a.tgz', 'write_package_registry', 'acme/a.tgz', 'one'],
  ['LOCK', '/files/state/prod', 'write_package_registry', 'state/prod', 'one'],
  ['UNLOCK', '/files/state/prod', 'write_package_registry', 'state/prod', 'one'],
  ['GET', '/files/', 'read_package_registry', '', 'every'],
])('%s %s', (method, path, scope, resource, extent) => {
  expect(classify(head(method, path))).toEqual({
    kind: 'operations',
    operations: [{ scope, resource, extent }],
  });
});

test('a path with parameters requires both readings', () => {
  const keeping = packageProtocols.generic({ path: '/files/', pathParameters: 'keep' });
  expect(keeping.pathParameters).toBe(true);
  const put = { ...head('PUT', '/files/libs;a=1/app.jar;build.number=1'), pathParameters: true };
  expect(keeping.classify(put)).toMatchObject({
    operations: [
      { scope: 'write_package_registry', resource: 'libs;a=1/app.jar;build.number=1', extent: 'one' },
      { scope: 'write_package_registry', resource: 'libs/app.jar', extent: 'one' },
    ],
  });
});

test.each(['PATCH', 'OPTIONS', 'PROPFIND'])('%s is not an operation of a file tree', (method) => {
  expect(classify(head(method, '/files/a'))).toMatchObject({ kind: 'unknown' });
});

test('a Basic challenge for wget, and a plain-text refusal', () => {
  expect(challenge({ host: 'files.example.com', operations: [], error: 'invalid_token', status: 401 })).toBe(
    'Basic realm="files.example.com"',
  );
  const { contentType, body } = refusal(
    { status: 401, error: 'no_credential', message: 'Why.', requestId: 'r-1', operations: [] },
    '*/*',
  );
  expect(contentType).toContain('text/plain');
  expect(body).toBe('Why.\nerror: no_credential\nrequest id: r-1\n');
});
