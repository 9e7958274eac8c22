import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf } from '../loading.ts';

const service = (body: string): string =>
  configuration({
    services: `{ orders: { type: http, upstream: { url: http://orders.internal/ }, ${body} } }`,
  });

describe('passHeaders', () => {
  test.each([
    'X-Explode-Archive, X-Checksum-Deploy',
    'x-checksum-deploy',
    'Destination, Overwrite',
    'X-Original-URL',
    'x-amz-copy-source, X-Amz-Copy-Source-Range',
    'X-Scope-OrgID',
  ])('[%s] is accepted', (names) => {
    expect(errorsOf(service(`passHeaders: [${names}]`))).toEqual([]);
  });

  test.each([
    [
      'X-Checksum-Deploi',
      '[0]: is not a header that passHeaders can name; did you mean "X-Checksum-Deploy"?',
    ],
    ['X-Custom', '[0]: is not a header that passHeaders can name; known: X-Explode-Archive, '],
    ['"x-amz-*"', '[0]: is not a header name (RFC 9110 §5.6.2), or a pattern: name each header'],
    ['"X-Original-*"', '[0]: is not a header name (RFC 9110 §5.6.2), or a pattern'],
    ['"Destination: /x"', '[0]: is not a header name'],
    ['Authorization', '[0]: is not a header that passHeaders can name'],
    ['PRIVATE-TOKEN', '[0]: is not a header that passHeaders can name'],
    ['Cookie', '[0]: is not a header that passHeaders can name'],
    ['Host', '[0]: is not a header that passHeaders can name'],
    ['Transfer-Encoding', '[0]: is not a header that passHeaders can name'],
    ['X-HTTP-Method-Override', '[0]: is not a header that passHeaders can name'],
    ['X-Forwarded-Host', '[0]: is not a header that passHeaders can name'],
    ['X-Auth-Subject', '[0]: is not a header that passHeaders can name'],
    ['Sudo', '[0]: is not a header that passHeaders can name'],
    ['Impersonate-User', '[0]: is never forwarded: it tells the upstream who is calling'],
    ['Remote-User', '[0]: is never forwarded: it tells the upstream who is calling'],
    ['X-WebAuth-User', '[0]: is never forwarded: it tells the upstream who is calling'],
    ['Destination, destination', '[1]: is given twice'],
    ['X-Explode-Archive, X_Explode_Archive', '[1]: is given twice'],
  ])('[%s]', (names, message) => {
    expect(errorsOf(service(`passHeaders: [${names}]`))).toEqual([
      expect.stringContaining(`services.orders.passHeaders${message}`),
    ]);
  });

  test.each([
    'identityHeaders: { X-Scope-OrgID: "{identity}" }',
    'upstream: { url: http://x/, auth: { header: { name: x-scope-orgid, value: a } } }',
    'upstream: { url: http://x/, auth: { perIdentity: { default: { header: { name: X-Scope-OrgID, value: a } } } } }',
  ])('a header that the gateway sets: %s', (body) => {
    const yaml = configuration({
      services: `{ orders: { type: http, ${body.startsWith('upstream') ? '' : 'upstream: { url: http://x/ }, '}${body}, passHeaders: [X-Scope-OrgID] } }`,
    });
    expect(errorsOf(yaml)).toEqual([
      expect.stringContaining('passHeaders[0]: is a header that the gateway sets for this service'),
    ]);
  });

  test('every type has it, and none by default', () => {
    const { services } = accepted(
      configuration({
        roles: '{ reader: [{ service: files, scopes: [read_package_registry], resources: ["**"] }] }',
        services:
          '{ files: { type: generic, upstream: { url: http://x/ } }, more: { type: maven, path: /m/, upstream: { url: http://x/ }, passHeaders: [X-Checksum-Deploy] } }',
      }),
    );
    expect(services.map(({ passHeaders }) => passHeaders)).toEqual([[], ['X-Checksum-Deploy']]);
  });
});

describe('identityHeaders', () => {
  test.each([
    'Remote-User',
    'Remote-Groups',
    'REMOTE_USER',
    'X-Remote-User',
    'X-WebAuth-User',
    'X-Authenticated-User',
    'X-Forwarded-User',
    'X-SSO-User',
    'X-Redmine-Switch-User',
    'X-Scope-OrgID',
  ])('%s can be set, since clients cannot', (name) => {
    expect(errorsOf(service(`identityHeaders: { ${name}: "{identity}" }`))).toEqual([]);
  });
});
