/** Settings that work today and fail later, or that only seem to work. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem, loadConfig } from '../../../../src/config/index.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { configuration, errorsOf, warningsOf, writeFiles } from '../loading.ts';

const issuer = (body: string): string =>
  configuration({
    issuers: `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, ${body} } }`,
  });

describe('audiences', () => {
  test.each(['gateway', 'gateway.example.com', 'gateway:8080'])('%s is no URL', (audience) => {
    expect(warningsOf(issuer(`audiences: ["${audience}"]`))).toEqual([
      expect.stringContaining('issuers.gitlab.audiences[0]: is not a URL'),
    ]);
  });
  test.each(['https://gateway.example.com', 'urn:gatehouse:service:orders', 'api://gateway'])(
    '%s passes',
    (audience) => {
      expect(warningsOf(issuer(`audiences: ["${audience}"]`))).toEqual([]);
    },
  );
});

describe('a trailing slash of an issuer', () => {
  const of = (type: string, url: string): string[] =>
    warningsOf(
      configuration({
        issuers: `{ idp: { type: ${type}, issuer: "${url}" } }`,
        identities: '{}',
        roles: '{}',
        services: '{}',
      }),
    ).filter((text) => text.includes('issuers.idp.issuer'));
  test.each([
    ['gitlab', 'https://gitlab.example.com/', 'write https://gitlab.example.com'],
    ['github', 'https://token.actions.githubusercontent.com/', 'githubusercontent.com'],
    ['oidc', 'https://accounts.google.com/', 'write https://accounts.google.com'],
    ['oidc', 'https://acme.eu.auth0.com', 'write https://acme.eu.auth0.com/'],
  ])('%s %s', (type, url, fix) => {
    expect(of(type, url)).toEqual([expect.stringMatching(/trailing slash.*write \S+$/)]);
    expect(of(type, url)[0]).toContain(fix);
  });
  test.each([
    ['gitlab', 'https://gitlab.example.com'],
    ['oidc', 'https://idp.example.com/'],
    ['oidc', 'https://acme.eu.auth0.com/'],
  ])('%s %s passes', (type, url) => {
    expect(of(type, url)).toEqual([]);
  });
  test('two issuers that differ in it', () => {
    const issuers =
      '{ a: { type: oidc, issuer: https://idp.example.com/x }, idp: { type: oidc, issuer: https://idp.example.com/x/ } }';
    const warnings = warningsOf(configuration({ issuers, identities: '{}', roles: '{}', services: '{}' }));
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /issuers\.idp\.issuer: differs from the issuer of "a" .*only in a trailing slash/,
      ),
    );
  });
});

describe('a credential for an upstream without TLS', () => {
  const of = (url: string): string[] =>
    warningsOf(
      configuration({
        services: `{ orders: { type: http, upstream: { url: "${url}", auth: { bearer: { token: abc } } } } }`,
      }),
    );
  test('is reported at the URL', () => {
    expect(of('http://orders.internal/')).toEqual([
      expect.stringContaining('services.orders.upstream.url: is not encrypted'),
    ]);
  });
  test.each(['https://orders.internal/', 'http://127.0.0.1:8080/', 'http://localhost/'])(
    '%s passes',
    (url) => {
      expect(of(url)).toEqual([]);
    },
  );
});

describe('certificates', () => {
  const DAY = 86_400_000;
  const soon = createAuthority('First to expire', 5);
  const later = createAuthority('Second to expire', 400);
  const expiry = Date.parse(new X509Certificate(soon.certificate).validTo);
  const day = new Date(expiry).toISOString().slice(0, 10);

  const withCa = (pem: string, daysLeft: number, server = ''): string[] => {
    const yaml = configuration({
      services: '{ orders: { type: http, upstream: { url: https://orders.internal/, caFile: ca.pem } } }',
      ...(server === '' ? {} : { server }),
    });
    const folder = writeFiles({ 'gatehouse.yaml': yaml, 'ca.pem': pem, 'key.pem': 'key' });
    const { warnings } = loadConfig(join(folder, 'gatehouse.yaml'), {}, expiry - daysLeft * DAY);
    return warnings.map(formatProblem).filter((text) => text.includes('certificate of'));
  };

  test.each([
    [-1, `the certificate of "CN=First to expire" expired on ${day}; replace it`],
    [1, `expires on ${day}, within a day; replace it`],
    [29.5, `expires on ${day}, within 30 days; replace it`],
  ])('%d days left', (days, message) => {
    expect(withCa(soon.certificate, days)).toEqual([expect.stringContaining(message)]);
  });

  test('31 days left', () => {
    expect(withCa(soon.certificate, 31)).toEqual([]);
  });

  test('a bundle: the first certificate to expire', () => {
    expect(withCa(`${later.certificate}\n${soon.certificate}`, 3)).toEqual([
      expect.stringMatching(
        /services\.orders\.upstream\.caFile: .*ca\.pem: .*First to expire.*within 3 days/,
      ),
    ]);
  });

  test('of the listener', () => {
    const server = '{ publicUrl: https://gateway.example.com, tls: { certFile: ca.pem, keyFile: key.pem } }';
    expect(withCa(soon.certificate, 3, server)).toContainEqual(
      expect.stringContaining('server.tls.certFile: '),
    );
  });
});

describe('names that are tried', () => {
  const of = (type: string, upstream = '{ url: http://a/ }'): string[] =>
    errorsOf(configuration({ services: `{ orders: { type: ${type}, upstream: ${upstream} } }` }));
  test.each([
    ['docker', 'oci'],
    ['Docker', 'oci'],
    ['verdaccio', 'npm'],
    ['api', 'http'],
  ])('type %s: write %s', (type, meant) => {
    expect(of(type)).toContainEqual(expect.stringMatching(new RegExp(`orders\\.type: .*write ${meant}$`)));
  });
  test.each(['http', 'docker'])('upstream: URL, type %s', (type) => {
    expect(of(type, 'http://orders.internal/')).toContainEqual(
      expect.stringMatching(/services\.orders\.upstream: expected a mapping, found text; write \{ url: … \}/),
    );
  });
});
