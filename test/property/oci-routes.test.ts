import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestedOperations } from '../../src/core/request/protocol.ts';
import type { RequestHead } from '../../src/core/request/request-head.ts';
import { readScopes } from '../../src/protocols/index.ts';
import { ociProtocol } from '../support/protocols.ts';

const { classify } = ociProtocol({
  path: '/v2/',
  challenge: 'bearer',
  blobRedirects: 'pass',
  foreignPaths: [],
  publicUrl: 'https://gateway.example.com',
});

/** The expression of the specification, unchanged. */
const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const DIGEST = `sha256:${'0'.repeat(64)}`;
const WORDS = [
  'manifests',
  'blobs',
  'uploads',
  'tags',
  'list',
  'referrers',
  '_catalog',
  DIGEST,
  'a',
  'b.c',
  'A',
  '',
  '%2e',
  '1',
];

const path = fc
  .array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 })), { maxLength: 8 })
  .map((segments) => `/v2/${segments.join('/')}` as RequestHead['path']);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
const query = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 30 }).map((text) => `?${text}`),
  fc.constantFrom(`?mount=${DIGEST}&from=a/b`, `?mount=${DIGEST}&from=A`, `?from=x&mount=${DIGEST}&from=y`),
);

test('every requested name occurs in the request, in the grammar of names', () => {
  fc.assert(
    fc.property(method, path, query, (verb, target, search) => {
      const asked = classify({
        method: verb,
        host: 'r',
        path: target,
        query: search,
        hasBody: false,
        rawHeaders: [],
      });
      if (asked.kind !== 'operations') return;
      for (let each: RequestedOperations | undefined = asked; each !== undefined; each = each.otherwise) {
        for (const { resource, extent } of each.operations) {
          if (extent !== 'one') continue;
          expect(resource).toMatch(NAME);
          expect(`${target} ${new URLSearchParams(search).get('from') ?? ''}`).toContain(resource);
        }
      }
      // Only the ping is open to every identity.
      if (target !== '/v2/') expect(asked.operations.length).toBeGreaterThan(0);
    }),
    { numRuns: 20_000 },
  );
});

test('no scope is read that could name what no route can', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }), (values) => {
      for (const { type, name } of readScopes(values)) {
        expect(type === 'registry' ? name === 'catalog' : NAME.test(name)).toBe(true);
      }
    }),
    { numRuns: 5_000 },
  );
});
