/** `identityHeaders` and the forwarder read one table of header roles (src/core/headers/request-header-roles.ts). */
import { describe, expect, test } from 'vitest';
import { REQUEST_HEADERS } from '../../../../src/core/headers/request-header-roles.ts';
import { createHeaderCleaner } from '../../../../src/proxy/headers/request-headers.ts';
import { configuration, errorsOf } from '../loading.ts';

const identityHeader = (name: string): string =>
  configuration({
    services: `{ orders: { type: http, upstream: { url: http://orders.internal/ }, identityHeaders: { "${name}": "{identity}" } } }`,
  });
const clean = createHeaderCleaner({ keepCookies: false, cleanQuery: (query) => query, reserved: [] });

describe('identityHeaders cannot set a header that the gateway sets or removes', () => {
  test.each([
    'X-Real-IP',
    'X-Client-IP',
    'X-Cluster-Client-IP',
    'True-Client-IP',
    'Client-IP',
    'CF-Connecting-IP',
    'Fastly-Client-IP',
    'X-Host',
    'X-HTTP-Host-Override',
    'X-Scheme',
    'X-URL-Scheme',
    'Front-End-Https',
    'X-Forwarded',
    'X-Api-Key',
    'X-Gitlab-Token',
    'X-JFrog-Art-Api',
    'X-Gitea-Internal-Auth',
    'HTTP2-Settings',
    'X-WAWS-Unencoded-URL',
    'Script-Name',
    'Path-Info',
    'x_real_ip',
    'X.Auth.Subject',
  ])('%s', (name) => {
    expect(errorsOf(identityHeader(name))).toEqual([
      expect.stringContaining('is a header that the gateway itself sets or removes; choose another name'),
    ]);
  });
});

const WRITABLE = ['identity', 'forwarded-user', 'impersonation', 'acting'];
const FORWARDED = ['message'];

test.each(
  REQUEST_HEADERS.flatMap(({ role, names, identityHeaders }) =>
    names.map((name) => [role, name.replace('*', 'Test'), identityHeaders] as const),
  ),
)('%s header %s: check and the forwarder apply the same role', (role, name, identityHeaders) => {
  const accepted = errorsOf(identityHeader(name)).length === 0;
  expect(accepted).toBe(WRITABLE.includes(role) && identityHeaders !== 'never');
  const forwarded = clean([name, '1']).headers.length > 0;
  expect(forwarded).toBe(FORWARDED.includes(role));
});

test.each(['x.team', 'X_TEAM'])('X-Team and %s are one header', (name) => {
  const yaml = configuration({
    services: `{ orders: { type: http, upstream: { url: http://orders.internal/ }, identityHeaders: { X-Team: a, "${name}": b } } }`,
  });
  expect(errorsOf(yaml)).toEqual([
    expect.stringContaining('many servers read it as the same header as X-Team'),
  ]);
});

test.each(['X-Forwarded-User', 'Forwarded', 'X-Request-Id', 'HTTP2-Settings', 'X.Auth.Subject'])(
  'the upstream credential cannot use %s',
  (name) => {
    const yaml = configuration({
      services: `{ orders: { type: http, upstream: { url: http://orders.internal/, auth: { header: { name: ${name}, value: a } } } } }`,
    });
    expect(errorsOf(yaml)).toEqual([expect.stringContaining('is a header that the gateway itself sets')]);
  },
);
