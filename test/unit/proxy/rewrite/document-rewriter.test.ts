import { expect, test } from 'vitest';
import { DocumentRewriter } from '../../../../src/proxy/rewrite/document-rewriter.ts';
import type { DocumentRewrite } from '../../../../src/core/request/protocol.ts';

const URLS = {
  base: 'https://gateway.example.com/cargo/',
  leadsToStorage: () => false,
  of: (url: string) => `public:${url}`,
};

function rewriter(maxBytes = 100, rewrite: DocumentRewrite['rewrite'] = (text) => text): DocumentRewriter {
  return new DocumentRewriter({ kind: 'document', types: ['application/json'], maxBytes, rewrite }, URLS);
}

test('the whole document is rewritten at once for any chunk boundaries', () => {
  const one = rewriter(100, (text, { base, of }) => `${text.toUpperCase()} ${base} ${of('x')}`);
  for (const byte of Buffer.from('é')) expect(one.push(Buffer.of(byte))).toBeUndefined();
  expect(one.end()).toEqual(Buffer.from('É https://gateway.example.com/cargo/ public:x'));
});

test.each([
  ['a document that cannot be parsed', 100, 'x', () => undefined],
  ['a document that is not UTF-8', 100, Buffer.of(0xff), undefined],
])('%s is not relayed', (_name, maxBytes, body, rewrite) => {
  const one = rewriter(maxBytes, rewrite);
  expect(one.push(Buffer.from(body))).toBeUndefined();
  expect(one.end()).toMatchObject({ kind: 'invalid', detail: expect.stringMatching(/cannot be parsed/) });
});

test('a document above the limit is not buffered', () => {
  const one = rewriter(3);
  expect(one.push(Buffer.from('abc'))).toBeUndefined();
  expect(one.push(Buffer.from('d'))).toMatchObject({
    kind: 'invalid',
    detail: expect.stringMatching(/more than 3 bytes/),
  });
});
