import { expect, test } from 'vitest';
import { createRewriting } from '../../../../src/proxy/rewrite/rewriting.ts';

const rewriting = createRewriting({
  path: '/npm/',
  upstream: {
    url: 'http://registry.internal:4873/base/',
    aliases: ['https://npm.example.com/'],
    redirectOrigins: [],
  },
})({ kind: 'urls', types: ['application/json'] }, 'https://gateway.example.com');

/** What becomes of a body that the upstream sends with these headers; undefined where it is left alone. */
function answered(body: string, headers: readonly string[] = JSON_TYPE, status = 200) {
  const answer = rewriting.answer([...headers], status);
  if (answer === undefined || typeof answer === 'string') return answer;
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
  // Right but for the scheme: a token would travel in the clear.
  'http://gateway.example.com/npm/',
  'https://npm.example.com/',
])('an upstream that calls itself %s', (own) => {
  expect(answered(`{"tarball":"${own}ui/-/ui-1.0.0.tgz"}`)).toBe(
    '{"tarball":"https://gateway.example.com/npm/ui/-/ui-1.0.0.tgz"}',
  );
});

test('a service that has a host of its own', () => {
  const upstream = { url: 'http://registry.internal/', aliases: [], redirectOrigins: [] };
  const rewrite = createRewriting({ path: '/', upstream });
  const at = rewrite({ kind: 'urls', types: ['application/json'] }, 'https://npm.example.com');
  const answer = at.answer([...JSON_TYPE], 200);
  if (typeof answer !== 'object') throw new Error('left alone');
  const from = ['http://registry.internal', 'https://registry.internal', 'http://npm.example.com'];
  const body = [...from, 'https://npm.example.com'].map((server) => `${server}/ui `).join('');
  const sent = Buffer.concat([answer.body.push(Buffer.from(body)), answer.body.end()] as Buffer[]);
  expect(sent.toString()).toBe('https://npm.example.com/ui '.repeat(4));
});

test.each([
  'http://registry.internal:4873/other/',
  'http://elsewhere.example.com/base/',
  'http://registry.internal/base/',
])('%s is somebody else', (foreign) => {
  expect(answered(`"${foreign}x"`)).toBe(`"${foreign}x"`);
});

test('what is no good answer of that type is left alone', () => {
  expect(answered('', ['Content-Type', 'text/html'])).toBeUndefined();
  expect(answered('', [])).toBeUndefined();
  expect(answered('', JSON_TYPE, 404)).toBeUndefined();
  expect(answered('', [...JSON_TYPE, 'Content-Encoding', 'identity'])).toBe('');
});

test('what is encoded cannot be read, and is not passed', () => {
  expect(answered('', [...JSON_TYPE, 'Content-Encoding', 'gzip'])).toMatch(/encoded/);
});

test('a validator of its own, which leads back to the upstream’s', () => {
  const answer = rewriting.answer([...JSON_TYPE, 'ETag', 'W/"abc"', 'Content-Length', '9'], 200);
  const headers = typeof answer === 'object' ? answer.headers : [];
  expect(headers).not.toContain('Content-Length');
  const tag = headers[headers.indexOf('ETag') + 1] ?? '';
  expect(tag).toMatch(/^W\/"abc-gh[0-9a-f]{8}"$/);
  const asked = (value: string) => rewriting.request(['If-None-Match', value, 'Accept-Encoding', 'gzip']);
  expect(asked(tag)).toEqual(['If-None-Match', 'W/"abc"', 'Accept-Encoding', 'identity']);
  // Given out by nobody here, or of what was rewritten in another way.
  expect(asked('W/"abc"')).toEqual(['Accept-Encoding', 'identity']);
});
