import { describe, expect, test } from 'vitest';
import { parseTarget } from '../../../src/http/request-target.ts';

describe('one canonical path', () => {
  test.each([
    ['/', '/', ''],
    ['/a/b?x=1', '/a/b', '?x=1'],
    ['/a/b?', '/a/b', '?'],
    ['/a/', '/a/', ''],
    ['/.well-known/openid', '/.well-known/openid', ''],
    ['/a/...', '/a/...', ''],
    ['/%41%7e%2E%2d', '/A~.-', ''],
    ['/%40acme%3Aui', '/@acme:ui', ''],
    ['/a%20b', '/a%20b', ''],
    ['/100%25', '/100%25', ''],
    ['/1.0%2b2', '/1.0%2B2', ''],
    ['/1.0+2', '/1.0+2', ''],
    ['/%e6%97%a5', '/%E6%97%A5', ''],
    ['/a?x=/../y', '/a', '?x=/../y'],
  ])('%s', (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query });
  });

  test('an encoded slash is reported and stays unchanged', () => {
    expect(parseTarget('/@s%2fn')).toEqual({ path: '/@s%2fn', query: '', encodedSlash: true });
    expect(parseTarget('/%40s%2Fn?x')).toEqual({ path: '/@s%2Fn', query: '?x', encodedSlash: true });
  });

  test('one literal dot segment is removed and reported', () => {
    expect(parseTarget('/debs/./Packages.gz?x')).toEqual({
      path: '/debs/Packages.gz',
      query: '?x',
      dotSegment: true,
    });
    expect(parseTarget('/./a')).toEqual({ path: '/a', query: '', dotSegment: true });
  });

  test('path parameters are reported and stay unchanged', () => {
    expect(parseTarget('/a.jar;build.number=1;b=2/c?x;y')).toEqual({
      path: '/a.jar;build.number=1;b=2/c',
      query: '?x;y',
      pathParameters: true,
    });
    expect(parseTarget('/%61;v=%41')).toEqual({ path: '/a;v=A', query: '', pathParameters: true });
  });

  test.each([
    ['/..', 'a dot segment'],
    ['/p/../a', 'a dot segment'],
    ['/p/././a', 'a dot segment'],
    ['/p/./a/./b', 'a dot segment'],
    ['/p/./../a', 'a dot segment'],
    ['/p/./%2e/a', 'a dot segment'],
    ['/p/.', 'a dot segment'],
    ['/p/.//a', 'an empty segment'],
    ['/p//./a', 'an empty segment'],
    ['/p/%2e/a', 'a dot segment'],
    ['/p/%2e%2E/a', 'a dot segment'],
    ['/p/.%2e', 'a dot segment'],
    ['/p/..;x/a', 'a dot segment'],
    ['/p/.;x/a', 'a dot segment'],
    ['/p/%2e%2e;x', 'a dot segment'],
    ['/p/..%20;x', 'a dot segment'],
    ['/p/%20;x', 'an empty segment'],
    ['/p;x=..%2f..', 'a dot segment'],
    ['/p/..%3bx/a', '%3b'],
    ['/p/..%20/a', 'a dot segment'],
    ['//a', 'an empty segment'],
    ['/p//a', 'an empty segment'],
    ['/p/;/a', 'an empty segment'],
    ['/a;v=%3B', '%3B'],
    ['/p/%3Bv=1/a', '%3B'],
    ['/p/%20/a', 'an empty segment'],
    ['/p/..%2fa', 'a dot segment'],
    ['/p/%2e%2e%2Fa', 'a dot segment'],
    ['/p%2f%2fa', 'an empty segment'],
    ['/p/%2fa', 'an empty segment'],
    ['/p%2f/a', 'an empty segment'],
    ['/p%2f', 'an empty segment'],
    ['/p%5Ca', '%5C'],
    ['/p%23a', '%23'],
    ['/p%3fa', '%3f'],
    ['/p%00', 'an encoded control character'],
    ['/p%0d%0a', 'an encoded control character'],
    ['/p%7F', 'an encoded control character'],
    ['/p%c0%af', 'an escape that is not UTF-8'],
    ['/p%', 'a percent sign without two hex digits'],
    ['/p%4', 'a percent sign without two hex digits'],
    ['/p%zz', 'a percent sign without two hex digits'],
    ['/%252e%252e/a', 'double encoding'],
    ['/%25b%41', 'double encoding'],
    ['/a\\b', 'character 0x5c in the path'],
    ['/a#b', 'character 0x23 in the path'],
    ['/a<b', 'character 0x3c in the path'],
    ['/a[b]', 'character 0x5b in the path'],
    ['/\u00e9', 'character 0xe9 in the path'],
  ])('%s is ambiguous: %s', (target, detail) => {
    expect(parseTarget(target)).toMatchObject({ kind: 'deny', reason: 'path_ambiguous', detail });
  });

  test.each(['http://evil/a', '*', 'a', '', '/a?b#c', '/a?b\u00e9', '/a?\u0001'])(
    '%j is malformed',
    (target) => {
      expect(parseTarget(target)).toMatchObject({ kind: 'deny', reason: 'request_malformed' });
    },
  );
});
