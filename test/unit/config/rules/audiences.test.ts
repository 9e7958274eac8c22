import { describe, expect, test } from 'vitest';
import { configuration, warningsOf } from '../loading.ts';

function ofIssuer(audiences: string, publicUrl = 'https://gateway.example.com'): string {
  return configuration({
    server: `{ publicUrl: "${publicUrl}" }`,
    issuers: `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, audiences: [${audiences}] } }`,
  });
}

describe('an audience that differs from the public URL in a trailing slash', () => {
  test.each([
    ['"https://gateway.example.com/"', 'https://gateway.example.com'],
    ['"https://gateway.example.com"', 'https://gateway.example.com/'],
  ])('%s is reported for %s', (audience, publicUrl) => {
    expect(warningsOf(ofIssuer(audience, publicUrl))).toEqual([
      expect.stringContaining(
        `issuers.gitlab.audiences[0]: differs from server.publicUrl in a trailing slash, and aud is compared byte for byte; write ${publicUrl}, or list both`,
      ),
    ]);
  });

  test('also at a service', () => {
    const services =
      '{ orders: { type: http, path: /orders/, audiences: ["https://gateway.example.com/"], upstream: { url: http://orders.internal/ } } }';
    expect(warningsOf(configuration({ services }))).toEqual([
      expect.stringContaining('services.orders.audiences[0]: differs from server.publicUrl'),
    ]);
  });

  test.each([
    '"https://gateway.example.com"',
    '"https://gateway.example.com/", "https://gateway.example.com"',
    '"https://gateway.example.com/orders/"',
    '"https://other.example.com/"',
  ])('%s is not', (audiences) => {
    expect(warningsOf(ofIssuer(audiences))).toEqual([]);
  });
});
