import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../../src/protocols/index.ts';
import { headsAt } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.maven({ path: '/maven/' });

const head = headsAt('maven.example.com');

const READ = 'read_package_registry';
const WRITE = 'write_package_registry';

test.each([
  ['GET', 'com/acme/app/1.0/app-1.0.jar', READ, 'com/acme/app/1.0/app-1.0.jar'],
  ['HEAD', 'com/acme/app/1.0/app-1.0.pom', READ, 'com/acme/app/1.0/app-1.0.pom'],
  ['PUT', 'com/acme/app/1.0/app-1.0.jar', WRITE, 'com/acme/app/1.0/app-1.0.jar'],
  ['DELETE', 'com/acme/app/1.0/app-1.0.jar', WRITE, 'com/acme/app/1.0/app-1.0.jar'],
  ['GET', 'com/acme/app/maven-metadata.xml', READ, 'com/acme/app/maven-metadata.xml'],
  [
    'GET',
    'com/acme/a_b/1.0+build-5~rc1/a_b-1.0+build-5~rc1.jar',
    READ,
    'com/acme/a_b/1.0+build-5~rc1/a_b-1.0+build-5~rc1.jar',
  ],
  ['GET', 'archetype-catalog.xml', READ, 'archetype-catalog.xml'],
])('%s %s', (method, file, scope, resource) => {
  expect(classify(head(method, `/maven/${file}`))).toEqual({
    kind: 'operations',
    operations: [{ scope, resource, extent: 'one' }],
  });
});

test('path parameters: the layout is checked without them, and both readings are required', () => {
  const keeping = packageProtocols.maven({ path: '/maven/', pathParameters: 'keep' });
  const classifyWith = (file: string) =>
    keeping.classify({ ...head('PUT', `/maven/${file}`), pathParameters: true });
  expect(classifyWith('libs;build.number=1/a/b/1/b-1.jar.sha1')).toMatchObject({
    operations: [{ resource: 'libs;build.number=1/a/b/1/b-1.jar' }, { resource: 'libs/a/b/1/b-1.jar' }],
  });
  expect(classifyWith('a/b/1/b-1.jar;name=a%20b')).toMatchObject({
    operations: [{ resource: 'a/b/1/b-1.jar;name=a%20b' }, { resource: 'a/b/1/b-1.jar' }],
  });
  expect(classifyWith('a/b/1/b-1.jar./;x')).toMatchObject({ kind: 'unknown' });
  expect(classifyWith('a%20/b.jar;x')).toMatchObject({ kind: 'deny' });
});

describe('checksums and signatures have the resource of their file', () => {
  test.each([
    ['a/b/1/b-1.jar.sha1', 'a/b/1/b-1.jar'],
    ['a/b/1/b-1.jar.md5', 'a/b/1/b-1.jar'],
    ['a/b/1/b-1.jar.sha256', 'a/b/1/b-1.jar'],
    ['a/b/1/b-1.jar.sha512', 'a/b/1/b-1.jar'],
    ['a/b/1/b-1.jar.asc', 'a/b/1/b-1.jar'],
    ['a/b/1/b-1.jar.asc.sha1', 'a/b/1/b-1.jar'],
    ['a/b/maven-metadata.xml.sha1', 'a/b/maven-metadata.xml'],
    ['a/b.sha1/1/b.sha1-1.jar', 'a/b.sha1/1/b.sha1-1.jar'],
    ['a/.sha1', 'a/.sha1'],
  ])('%s', (file, resource) => {
    expect(classify(head('PUT', `/maven/${file}`))).toMatchObject({ operations: [{ resource }] });
  });
});

test.each(['com/acme/app%2B1/a.jar', 'com%2Facme/app/1/app-1.jar', 'com/acme/%20app/1/app-1.jar'])(
  '%s could be read in two ways',
  (file) => expect(classify(head('GET', `/maven/${file}`))).toMatchObject({ reason: 'path_ambiguous' }),
);

test.each([
  ['GET', ''],
  ['GET', 'com/acme/'],
  ['PUT', 'com/acme/'],
  ['GET', 'com/acme./app/1/app-1.jar'],
  ['GET', 'com/acme/app/1/app-1.jar.'],
  ['GET', 'com/acme/app:1/app.jar'],
  ['POST', 'com/acme/app/1/app-1.jar'],
  ['MKCOL', 'com/acme'],
  ['PROPFIND', 'com/acme'],
])('%s %s is not an operation of a Maven repository', (method, file) => {
  expect(classify(head(method, `/maven/${file}`))).toMatchObject({ kind: 'unknown' });
});

test('a Basic challenge, and a refusal with a reason phrase', () => {
  expect(challenge({ host: 'maven.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="maven.example.com"',
  );
  const text = {
    status: 403,
    error: 'resource_not_granted',
    message: 'Why — so.',
    requestId: 'r-1',
    operations: [],
  };
  expect(refusal(text, '*/*')).toMatchObject({ phrase: 'Why  so. (resource_not_granted)' });
});
