import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
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

describe('a folder of the group with dots is also the folders that Gitea makes of it', () => {
  test.each([
    ['com.acme/app/1.0/app-1.0.jar', 'com/acme/app/1.0/app-1.0.jar'],
    ['com/acme.tools/app/1.0/app-1.0.jar.sha1', 'com/acme/tools/app/1.0/app-1.0.jar'],
    ['com.acme/app/maven-metadata.xml.sha1', 'com/acme/app/maven-metadata.xml'],
    ['com.acme/app/1.0-SNAPSHOT/maven-metadata.xml', 'com/acme/app/1.0-SNAPSHOT/maven-metadata.xml'],
    ['com.acme/app.core/1.0/app.core-1.0.jar', 'com/acme/app.core/1.0/app.core-1.0.jar'],
  ])('%s', (file, second) => {
    const first = file.replace(/\.sha1$/, '');
    expect(classify(head('PUT', `/maven/${file}`))).toMatchObject({
      operations: [{ resource: first }, { resource: second }],
    });
    expect(classify(head('GET', `/maven/${file}`))).toMatchObject({
      operations: [{ resource: first }, { resource: second }],
    });
  });

  test.each([
    'com/acme/app.core/1.0/app.core-1.0.jar',
    'com/acme/app.core/maven-metadata.xml',
    'com/acme/app.core/1.0-SNAPSHOT/maven-metadata.xml',
    'archetype-catalog.xml',
  ])('%s has one name', (file) => {
    expect(classify(head('GET', `/maven/${file}`))).toMatchObject({ operations: [{ resource: file }] });
  });
});

test('a write with a query needs `**`, because Gitea stores it under another name', () => {
  const file = '/maven/com/acme-web/core/9.9/web-core-9.9.jar?use_legacy_package_name=true';
  expect(classify(head('PUT', file))).toMatchObject({ operations: [{ scope: WRITE, extent: 'every' }] });
  expect(classify(head('GET', file))).toMatchObject({ operations: [{ scope: READ, extent: 'one' }] });
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
