import { expect, test } from 'vitest';
import { createRewriting, type RewritingSettings } from '../../../../src/proxy/rewrite/rewriting.ts';
import { createUrlMapping, type UrlMappingSettings } from '../../../../src/proxy/rewrite/url-mapping.ts';

function rewritingOf(settings: UrlMappingSettings & RewritingSettings) {
  return createRewriting(settings, createUrlMapping(settings));
}

const rewriting = rewritingOf({
  path: '/npm/',
  upstream: {
    url: 'http://registry.internal:4873/base/',
    aliases: ['https://npm.example.com/'],
    redirectOrigins: [],
  },
})({ kind: 'urls', types: ['application/json'] }, 'https://gateway.example.com');

/** The rewritten body of a response with these headers; undefined when it is relayed unchanged. */
function rewrittenBody(body: string, headers: readonly string[] = JSON_TYPE, status = 200) {
  const answer = rewriting.response([...headers], status);
  if (answer === undefined || answer.kind === 'invalid') return answer;
  return Buffer.concat([answer.body.push(Buffer.from(body)), answer.body.end()] as Buffer[]).toString();
}

const JSON_TYPE = ['Content-Type', 'application/json; charset=utf-8'];

test.each([
  'http://registry.internal:4873/base/',
  // By Host and X-Forwarded-Proto, as Verdaccio; by X-Forwarded-Host, with or without X-Forwarded-Proto.
  'https://registry.internal:4873/base/',
  'https://gateway.example.com/base/',
  'http://gateway.example.com/base/',
  'https://gateway.example.com/npm/',
  // Correct except for the scheme, which would send the token unencrypted.
  'http://gateway.example.com/npm/',
  'https://npm.example.com/',
])('the URL %s of the upstream is rewritten', (own) => {
  expect(rewrittenBody(`{"tarball":"${own}ui/-/ui-1.0.0.tgz"}`)).toBe(
    '{"tarball":"https://gateway.example.com/npm/ui/-/ui-1.0.0.tgz"}',
  );
});

test('a service at the root of its host', () => {
  const upstream = { url: 'http://registry.internal/', aliases: [], redirectOrigins: [] };
  const rewrite = rewritingOf({ path: '/', upstream });
  const at = rewrite({ kind: 'urls', types: ['application/json'] }, 'https://npm.example.com');
  const answer = at.response([...JSON_TYPE], 200);
  if (answer?.kind !== 'rewritten') throw new Error('not rewritten');
  const from = ['http://registry.internal', 'https://registry.internal', 'http://npm.example.com'];
  const body = [...from, 'https://npm.example.com'].map((server) => `${server}/ui `).join('');
  const sent = Buffer.concat([answer.body.push(Buffer.from(body)), answer.body.end()] as Buffer[]);
  expect(sent.toString()).toBe('https://npm.example.com/ui '.repeat(4));
});

test('the base URL without the slash at its end, in a document', () => {
  const upstream = { url: 'http://gitea/api/packages/acme/nuget/', aliases: [], redirectOrigins: [] };
  const seen: (string | undefined)[] = [];
  const at = rewritingOf({ path: '/nuget/', upstream })(
    {
      kind: 'document',
      types: 'any',
      maxBytes: 1000,
      rewrite(document, urls) {
        seen.push(...document.split(' ').map((url) => urls.of(url)));
        return document;
      },
    },
    'https://gateway.example.com',
  );
  const answer = at.response([], 200);
  if (answer?.kind !== 'rewritten') throw new Error('not rewritten');
  const base = 'http://gitea/api/packages/acme/nuget';
  answer.body.push(Buffer.from(`${base} ${base}/ ${base}s ${base}?x`));
  answer.body.end();
  expect(seen).toEqual([
    'https://gateway.example.com/nuget',
    'https://gateway.example.com/nuget/',
    undefined,
    undefined,
  ]);
});

test.each([
  'http://registry.internal:4873/other/',
  'http://elsewhere.example.com/base/',
  'http://registry.internal/base/',
])('the foreign URL %s is not rewritten', (foreign) => {
  expect(rewrittenBody(`"${foreign}x"`)).toBe(`"${foreign}x"`);
});

test('a response of another type or status is relayed unchanged', () => {
  expect(rewrittenBody('', ['Content-Type', 'text/html'])).toBeUndefined();
  expect(rewrittenBody('', [])).toBeUndefined();
  expect(rewrittenBody('', JSON_TYPE, 404)).toBeUndefined();
  expect(rewrittenBody('', [...JSON_TYPE, 'Content-Encoding', 'identity'])).toBe('');
});

test('a response with an unknown encoding is invalid', () => {
  expect(rewrittenBody('', [...JSON_TYPE, 'Content-Encoding', 'compress'])).toMatchObject({
    kind: 'invalid',
    detail: 'a body with Content-Encoding compress, although the request accepts identity only',
  });
});

test('the entity tag changes with the rewriting and maps back to the upstream’s', () => {
  const answer = rewriting.response([...JSON_TYPE, 'ETag', 'W/"abc"', 'Content-Length', '9'], 200);
  const headers = answer?.kind === 'rewritten' ? answer.headers : [];
  expect(headers).not.toContain('Content-Length');
  const tag = headers[headers.indexOf('ETag') + 1] ?? '';
  expect(tag).toMatch(/^W\/"abc-gh[0-9a-f]{8}"$/);
  const forwarded = (value: string) => rewriting.request(['If-None-Match', value, 'Accept-Encoding', 'gzip']);
  expect(forwarded(tag)).toEqual(['If-None-Match', 'W/"abc"', 'Accept-Encoding', 'identity']);
  // A tag that the gateway did not issue, or issued for other replacements.
  expect(forwarded('W/"abc"')).toEqual(['Accept-Encoding', 'identity']);
});
