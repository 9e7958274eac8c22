import { describe, expect, test } from 'vitest';
import { createQueryCleaner, stripCredentials } from '../../../src/proxy/headers/credential-parameters.ts';
import { headerValue } from '../../../src/proxy/headers/identity-headers.ts';
import { createUrlMapping } from '../../../src/proxy/rewrite/url-mapping.ts';
import { createLocationRewriter } from '../../../src/proxy/rewrite/location.ts';
import { createHeaderCleaner } from '../../../src/proxy/headers/request-headers.ts';
import { readResponseHead } from '../../../src/proxy/transport/response-head.ts';

const cleanQuery = createQueryCleaner([]);

describe('cleanQuery', () => {
  test.each([
    ['', ''],
    ['?', '?'],
    ['?a=1&b=2', '?a=1&b=2'],
    ['?private_token=x', ''],
    ['?a=1&private_token=x&b=2', '?a=1&b=2'],
    ['?PRIVATE_TOKEN=x&a', '?a'],
    ['?private%5Ftoken=x&a', '?a'],
    ['?private_token[]=x&a', '?a'],
    ['?private.token=x&a', '?a'],
    ['?+job_token=x&a', '?a'],
    ['?a=1;access_token=x', '?a=1'],
    ['?sudo=1', ''],
    ['?sudo]=1&[private_token]=x&a', '?a'],
    ['?a&.method=DELETE', '?a'],
    ['?access[token=x&a', '?a'],
    ['?_method=DELETE&x=%20', '?x=%20'],
    ['?token=keep', '?token=keep'],
    ['?next=private_token', '?next=private_token'],
    ['?%zz=1&job_token=x', '?%zz=1'],
  ])('%s → %s', (query, expected) => expect(cleanQuery(query)).toBe(expected));
});

test('a type-specific credential parameter is removed', () => {
  expect(createQueryCleaner(['token'])('?token=x&a=1')).toBe('?a=1');
});

test.each([
  ['https://ci/a?private_token=x&b=1#top', 'https://ci/a?b=1#top'],
  ['/a#access_token=x', '/a'],
  ['/a', '/a'],
])('stripCredentials %s → %s', (url, expected) => expect(stripCredentials(url, cleanQuery)).toBe(expected));

test.each([
  ['plain', 'plain'],
  ['a b', 'a%20b'],
  ['100%', '100%25'],
  ['x\r\nX-Admin: 1', 'x%0D%0AX-Admin:%201'],
  ['日本', '%E6%97%A5%E6%9C%AC'],
  ['', ''],
])('headerValue %j → %s', (value, expected) => expect(headerValue(value)).toBe(expected));

describe('request headers', () => {
  const clean = createHeaderCleaner({
    keepCookies: false,
    cleanQuery,
    reserved: ['X-Project', 'X-Upstream-Key'],
  });

  test.each([
    'Authorization',
    'authorization',
    'AUTHORIZATION',
    'Proxy-Authorization',
    'JOB-TOKEN',
    'Job_Token',
    'Deploy-Token',
    'PRIVATE-TOKEN',
    'private_token',
    'X-NuGet-ApiKey',
    'Cookie',
    'Sudo',
    'Impersonate-User',
    'impersonate_group',
    'Forwarded',
    'X-Forwarded-For',
    'X_Forwarded_Host',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-Auth-Identity',
    'X_Auth_Subject',
    'x-auth-anything',
    'X-Project',
    'x_project',
    'X-Upstream-Key',
    'X-Request-Id',
    'Host',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Transfer-Encoding',
    'HTTP2-Settings',
    'X-Real-IP',
  ])('%s is removed', (name) => {
    expect(clean([name, 'canary', 'Accept', '*/*']).headers).toEqual(['Accept', '*/*']);
  });

  test('headers that Connection names are removed, before and after it', () => {
    const raw = ['X-Hop', '1', 'Connection', 'close, x_hop', 'X-Stay', '2'];
    expect(clean(raw).headers).toEqual(['X-Stay', '2']);
  });

  test('other headers are forwarded unchanged', () => {
    const raw = ['accept', 'a/b', 'X-Custom_Name', 'ü', 'traceparent', '00-1-2-03', '__proto__', 'x'];
    expect(clean(raw).headers).toEqual(raw);
  });

  test('cookies are forwarded with keepCookies; credentials in Referer are removed', () => {
    const keeping = createHeaderCleaner({ keepCookies: true, cleanQuery, reserved: [] });
    expect(keeping(['Cookie', 'a=b', 'Referer', 'http://ci/?job_token=x']).headers).toEqual([
      'Cookie',
      'a=b',
      'Referer',
      'http://ci/',
    ]);
  });

  test('Content-Length is returned, not forwarded', () => {
    expect(clean(['Content-Length', '42'])).toEqual({ headers: [], contentLength: 42 });
  });
});

describe('Location', () => {
  const upstreamUrl = 'http://orders.internal:8080/api/';
  const aliases = ['https://orders.example.com/rest/', 'https://orders.example.com:8443/'];
  const mapping = createUrlMapping({ path: '/orders/', upstream: { url: upstreamUrl, aliases } });
  const redirectOrigins = ['https://storage.example.com'];
  const rewrite = createLocationRewriter({ mapping, cleanQuery, upstreamUrl, redirectOrigins });

  test.each([
    ['http://orders.internal:8080/api/v1/2', '/orders/v1/2'],
    ['/api/v1/2?private_token=x', '/orders/v1/2'],
    ['v1/2', 'v1/2'],
    ['?page=2', '?page=2'],
    ['https://gateway.example.com/orders/v1', '/orders/v1'],
    ['https://gateway.example.com/api/v1', '/orders/v1'],
    ['https://storage.example.com/b?X-Amz-Signature=s', 'https://storage.example.com/b?X-Amz-Signature=s'],
    ['https://orders.internal:8080/api/v1/2', '/orders/v1/2'],
    ['https://orders.example.com/rest/v1/2?page=2', '/orders/v1/2?page=2'],
    ['https://orders.example.com:8443/v1', '/orders/v1'],
    ['https://user:secret@orders.example.com/rest/v1', '/orders/v1'],
    ['https://orders.example.com/rest/../v1', undefined],
    ['https://orders.example.com/v1', undefined],
    ['http://orders.example.com/rest/v1', undefined],
    ['https://orders.example.com.evil.example/rest/', undefined],
    ['https://gateway.example.com:443/api/v1', '/orders/v1'],
    ['/api/\xc3\xbc', '/orders/%C3%BC'],
    ['/other', undefined],
    ['http://orders.internal:8080/other', undefined],
    ['http://evil.example/api/', undefined],
    ['//evil.example/api/', undefined],
    ['/\\evil.example/', undefined],
    ['javascript:alert(1)', undefined],
    ['http://orders.internal:8080@evil.example/api/', undefined],
  ])('%s → %s', (location, expected) => {
    expect(rewrite(location, 'gateway.example.com')).toBe(expected);
  });
});

describe('response head', () => {
  const read = (...raw: string[]) => readResponseHead(raw, 200, 'h', (location) => location, false);

  test.each([
    ['Content-Length', '1', 'Content-Length', '2'],
    ['Content-Length', '-1'],
    ['Content-Length', '1', 'Transfer-Encoding', 'chunked'],
    ['Trailer', 'X-T', 'Content-Length', '1'],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Transfer-Encoding', 'xchunked'],
    ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
  ])('%s: %s is refused', (...raw) => expect(read(...raw).kind).toBe('invalid'));

  test('a foreign Location is refused, a foreign Content-Location removed', () => {
    const foreign = (name: string) =>
      readResponseHead([name, 'http://evil/a', 'ETag', '"a"'], 200, 'h', () => undefined, false);
    expect(foreign('Location').kind).toBe('invalid');
    expect(foreign('Content-Location')).toMatchObject({ kind: 'head', headers: ['ETag', '"a"'] });
  });

  test('a 204 has no Content-Length', () => {
    const head = readResponseHead(
      ['Content-Length', '5', 'ETag', '"a"'],
      204,
      'h',
      (location) => location,
      false,
    );
    expect(head).toMatchObject({ headers: ['ETag', '"a"'] });
  });

  test('hop-by-hop headers, challenges and headers that Connection names are removed', () => {
    const head = read(
      'Connection',
      'X-Secret, content-length',
      'X-Secret',
      '1',
      'Keep-Alive',
      'x',
      'WWW-Authenticate',
      'Bearer realm="http://evil"',
      'Proxy-Authenticate',
      'Basic',
      'Alt-Svc',
      'h3=":443"',
      'Content-Length',
      '3',
      'ETag',
      '"a"',
    );
    expect(head).toEqual({
      kind: 'head',
      headers: ['Content-Length', '3', 'ETag', '"a"'],
      contentLength: 3,
      untilClose: false,
    });
  });

  test('neither trailers nor the Trailer header are relayed', () => {
    expect(read('Trailer', 'X-T', 'Transfer-Encoding', 'chunked')).toMatchObject({
      kind: 'head',
      headers: [],
    });
  });
});
