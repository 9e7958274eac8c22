import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.rubygems({ path: '/gems/' });
const head = headsAt('packages.example.com', '/gems/');
const requested = (method: string, target: string): readonly string[] =>
  describeOperations(classify(head(method, target)));

test.each([
  ['GET', 'info/acme', 'acme'],
  ['HEAD', 'gems/acme-1.0.gem', 'acme'],
  ['GET', 'gems/acme-tools-1.0.0.pre.1.gem', 'acme-tools'],
  ['GET', 'gems/acme-1.0-x86_64-linux.gem', 'acme'],
  ['GET', 'gems/acme2-1.gem', 'acme2'],
  ['GET', 'quick/Marshal.4.8/acme_api-1.0.gemspec.rz', 'acme_api'],
  ['GET', 'api/v1/dependencies?gems=acme', 'acme'],
  ['GET', 'api/v1/gems/acme/owners.yaml', 'acme'],
])('%s %s reads %s', (method, target, name) => {
  expect(requested(method, target)).toEqual([`read one ${name}`]);
});

test.each([
  ['gems/acme-2-1.0.gem', ['acme', 'acme-2']],
  ['gems/acme-1.0-universal-darwin-20.gem', ['acme', 'acme-1.0-universal-darwin']],
  ['quick/Marshal.4.8/acme-1-2-3.gemspec.rz', ['acme', 'acme-1', 'acme-1-2']],
  ['api/v1/dependencies?gems=acme%2Cother', ['acme', 'other']],
])('GET %s: every gem that it can name must be granted', (target, names) => {
  expect(requested('GET', target)).toEqual(names.map((name) => `read one ${name}`));
});

test.each([
  '',
  'versions',
  'names',
  'specs.4.8.gz',
  'latest_specs.4.8.gz',
  'prerelease_specs.4.8.gz',
  'specs.4.8',
  'api/v1/dependencies',
])('GET %s needs any grant', (target) => {
  expect(requested('GET', target)).toEqual(['read any']);
});

test.each([
  ['GET', 'api/v1/search.json?query=a', 'read every'],
  ['GET', 'api/v1/dependencies?gems=acme&gems=other', 'read every'],
  ['GET', 'api/v1/dependencies?gems[]=acme', 'read every'],
  ['GET', 'api/v1/dependencies?gems=acme,', 'read every'],
  ['POST', 'api/v1/gems?gem=x', 'write every'],
  ['DELETE', 'api/v1/gems/yank?gem_name=acme', 'write every'],
  ['POST', 'api/v1/gems', 'write every'],
  ['POST', 'api/v1/gems/', 'write every'],
  ['DELETE', 'api/v1/gems/yank', 'in-body'],
  ['POST', 'api/v1/gems/acme/owners', 'write one acme'],
  ['DELETE', 'api/v1/gems/acme/owners', 'write one acme'],
])('%s %s: %s', (method, target, operation) => {
  expect(requested(method, target)).toEqual([operation]);
});

test.each([
  ['GET', 'info/'],
  ['GET', 'info/a%2Cb'],
  ['GET', 'info/-acme'],
  ['GET', 'gems/acme.gem'],
  ['GET', `gems/a${'-1'.repeat(128)}.gem`],
  ['GET', 'gems/a/acme-1.0.gem'],
  ['GET', 'gems/acme-1.0%2B.gem'],
  ['GET', 'api/v1/api_key'],
  ['GET', 'api/v1/gems/acme.json'],
  ['PUT', 'api/v1/gems'],
  ['DELETE', 'gems/acme-1.0.gem'],
  ['POST', 'upload'],
  ['DELETE', 'api/v1/gems/yank/'],
])('%s %s is not an operation', (method, target) => {
  expect(requested(method, target)).toEqual(['unknown']);
});

describe('yank', () => {
  const yank = async (
    body: string,
    type = 'application/x-www-form-urlencoded',
  ): Promise<readonly string[]> => {
    const request = { ...head('DELETE', 'api/v1/gems/yank'), rawHeaders: ['Content-Type', type] };
    const found = classify(request);
    return found.kind === 'in-body'
      ? describeOperations(await found.read(Buffer.from(body)))
      : describeOperations(found);
  };

  test.each([
    ['gem_name=acme&version=1.0&platform=ruby', ['acme']],
    ['gem_name=acme&version=1.0', ['acme']],
    ['gem_name=acme&version=1.0&platform=', ['acme']],
    ['gem_name=acme-2&version=1.0.pre&platform=x86_64-linux', ['acme-2']],
    // Servers delete the file acme-2-1.0.gem.
    ['gem_name=acme&version=2&platform=1.0', ['acme', 'acme-2']],
    ['gem_name=acme&version=2&platform=1.0-java', ['acme', 'acme-2']],
  ])('the form %s names the gem', async (form, names) => {
    expect(await yank(form)).toEqual(names.map((name) => `write one ${name}`));
  });

  test.each([
    '',
    'version=1.0',
    'gem_name=acme',
    'gem_name=acme&version=2-1.0',
    'gem_name=acme&version=1.0/../../other-1.0',
    'gem_name=acme&version=1.0&platform=x/../y',
    'gem_name=acme&version=1.0&version=2-1.0',
    'gem_name=acme&version=1.0&platform=ruby&platform[]=x',
    'gem_name=acme&version=1.0&gem_name=other',
    'gem_name=acme&version=1.0;gem_name=other',
    'gem_name=acme&version=1.0&gem_name[]=other',
    'gem_name[]=acme&version=1.0',
    'gem.name=acme&version=1.0',
    'gem_name=a%2Fb&version=1.0',
    'gem_name=acme&version=1.0&GEM_NAME=other',
  ])('a form %j is refused', async (body) => {
    expect(await yank(body)).toEqual(['request_malformed']);
  });

  test('another type is refused', async () => {
    expect(await yank('{"gem_name":"acme"}', 'application/json')).toEqual(['request_malformed']);
  });
});

test('the challenge and refusals are the ones that gem and bundler obey and print', () => {
  const context = { host: 'packages.example.com', operations: [], error: undefined, status: 401 };
  expect(challenge(context)).toBe('Basic realm="packages.example.com"');
  expect(refusal(SCOPE_NOT_GRANTED, undefined)).toMatchObject({
    contentType: 'text/plain; charset=utf-8',
    phrase: 'Why. (scope_not_granted)',
  });
});
