import { expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.go({ path: '/go/' });

const head = headsAt('go.example.com', '/go/');

const READ = 'read_package_registry';
const WRITE = 'write_package_registry';

test.each([
  ['GET', 'example.com/acme/lib/@v/list', READ, 'example.com/acme/lib'],
  ['HEAD', 'example.com/acme/lib/@v/list', READ, 'example.com/acme/lib'],
  ['GET', 'example.com/acme/lib/@latest', READ, 'example.com/acme/lib'],
  ['GET', 'example.com/acme/lib/v2/@v/v2.0.1.info', READ, 'example.com/acme/lib/v2'],
  ['GET', 'gopkg.in/yaml.v3/@v/v3.0.1.mod', READ, 'gopkg.in/yaml.v3'],
  ['GET', 'example.com/a/@v/v1.0.0+incompatible.zip', READ, 'example.com/a'],
  ['GET', 'example.com/a/@v/v0.0.0-20260101000000-0123456789ab.mod', READ, 'example.com/a'],
  ['GET', 'github.com/!azure/azure-sdk/@v/list', READ, 'github.com/Azure/azure-sdk'],
  ['GET', 'github.com/!a!b!c/x/@v/!release.info', READ, 'github.com/ABC/x'],
  ['GET', 'example.com/@v/list', READ, 'example.com'],
  ['GET', 'example.com/a~b/_c/@v/list', READ, 'example.com/a~b/_c'],
  ['GET', 'sumdb/sum.example.com/lookup/github.com/!azure/x@v1.0.0', READ, 'github.com/Azure/x'],
  ['PUT', 'example.com/acme/lib/@v/v1.0.0.zip', WRITE, 'example.com/acme/lib'],
  ['PUT', 'example.com/acme/lib/@v/list', WRITE, 'example.com/acme/lib'],
  ['DELETE', 'example.com/acme/lib/@v/v1.0.0.zip', WRITE, 'example.com/acme/lib'],
])('%s %s requires %s on %s', (method, rest, scope, resource) => {
  expect(classify(head(method, rest))).toEqual({
    kind: 'operations',
    operations: [{ scope, resource, extent: 'one' }],
  });
});

test.each(['supported', 'latest', 'tile/8/0/x001/234', 'tile/8/data/000.p/1'])(
  'a route of the checksum log names no module: %s',
  (what) => {
    expect(classify(head('GET', `sumdb/sum.example.com/${what}`))).toEqual({
      kind: 'operations',
      operations: [{ scope: READ, resource: '', extent: 'any' }],
    });
  },
);

test.each([
  ['GET', ''],
  ['GET', '@v/list'],
  ['GET', 'example.com/acme/lib'],
  ['GET', 'example.com/acme/lib/@v/'],
  ['GET', 'example.com/acme/lib/@v/v1.0.0'],
  ['GET', 'example.com/acme/lib/@v/v1.0.0.tar'],
  ['GET', 'example.com/acme/lib/@v/sub/v1.0.0.mod'],
  ['GET', 'example.com/acme/lib/@v/V1.0.0.mod'],
  // Servers that fold case, or do not decode `!`, find another module.
  ['GET', 'github.com/Azure/x/@v/list'],
  ['GET', 'github.com/!Azure/x/@v/list'],
  ['GET', 'github.com/!!azure/x/@v/list'],
  ['GET', 'github.com/azure!/x/@v/list'],
  ['GET', 'github.com/!1/x/@v/list'],
  ['GET', '!example.com/x/@v/list'],
  // Not a module path (golang.org/x/mod/module CheckPath).
  ['GET', 'nodot/x/@v/list'],
  ['GET', '-a.com/x/@v/list'],
  ['GET', 'example.com/.x/@v/list'],
  ['GET', 'example.com/x./@v/list'],
  ['GET', 'example.com./x/@v/list'],
  ['GET', 'example.com/x@y/@v/list'],
  ['GET', 'example.com/a/@v/list/@v/list'],
  ['GET', 'example.com/%C3%A9/@v/list'],
  ['GET', 'example.com/a%20b/@v/list'],
  ['GET', 'sumdb/sum.example.com'],
  ['GET', 'sumdb/sum.example.com/else'],
  ['GET', 'sumdb/sum.example.com/lookup/nodot@v1'],
  ['GET', 'sumdb/sum.example.com/lookup/example.com/a/lookup/example.com/b@v1@v2'],
  ['GET', 'sumdb/a.com/b/supported'],
  ['PUT', 'sumdb/sum.example.com/latest'],
  ['POST', 'example.com/acme/lib/@v/list'],
  ['PATCH', 'example.com/acme/lib/@v/list'],
])('%s %s is not an operation', (method, rest) => {
  expect(classify(head(method, rest))).toMatchObject({ kind: 'unknown' });
});

test('a Basic challenge, and a refusal of at most eight lines', () => {
  expect(challenge({ host: 'go.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="go.example.com"',
  );
  const { contentType, body, status } = refusal(SCOPE_NOT_GRANTED, '*/*');
  expect({ contentType, status }).toEqual({ contentType: 'text/plain; charset=utf-8', status: undefined });
  expect(body.trimEnd().split('\n').length).toBeLessThanOrEqual(8);
});
