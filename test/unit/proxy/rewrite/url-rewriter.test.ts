import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileReplacements, UrlRewriter } from '../../../../src/proxy/rewrite/url-rewriter.ts';

const FROM = 'http://registry.internal:4873/';
const TO = 'https://gateway.example.com/npm/';
const REPLACEMENTS = compileReplacements([
  { from: FROM, to: TO },
  { from: 'http://registry.internal:4873/sub/', to: 'https://gateway.example.com/sub/' },
]);

function rewrite(text: string | Buffer, cuts: readonly number[] = []): string {
  const rewriter = new UrlRewriter(REPLACEMENTS);
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    const end = Math.min(cut, bytes.length);
    out.push(rewriter.push(bytes.subarray(at, end)));
    at = Math.max(at, end);
  }
  out.push(rewriter.end());
  return Buffer.concat(out).toString();
}

test.each([
  ['', ''],
  [
    '{"tarball":"http://registry.internal:4873/a/-/a-1.tgz"}',
    '{"tarball":"https://gateway.example.com/npm/a/-/a-1.tgz"}',
  ],
  [`<a href='${FROM}x'>`, `<a href='${TO}x'>`],
  [`${FROM}${FROM}`, `${TO}${FROM}`],
  ['"http:\\/\\/registry.internal:4873\\/a"', '"https:\\/\\/gateway.example.com\\/npm\\/a"'],
  ['http://registry.internal:4873/sub/x', 'https://gateway.example.com/sub/x'],
  ['http://registry.internal:48731/x', 'http://registry.internal:48731/x'],
  ['xhttp://registry.internal:4873/x', 'xhttp://registry.internal:4873/x'],
  ['http://registry.internal:4873', 'http://registry.internal:4873'],
  ['http://elsewhere.example.com/http', 'http://elsewhere.example.com/http'],
])('%s', (text, expected) => expect(rewrite(text)).toBe(expected));

test('the result is independent of chunk boundaries, and all other bytes are unchanged', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      FROM,
      '"',
      ' ',
      'x',
      'http://',
      'http://registry.internal:4873',
      'http:\\/\\/registry.internal:4873\\/',
      'é',
      '/sub/',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 20 }),
      fc.array(fc.nat(200), { maxLength: 8 }),
      (pieces, cuts) => {
        const text = pieces.join('');
        expect(rewrite(text, cuts)).toBe(rewrite(text));
      },
    ),
    { numRuns: 5_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 4 }), (bytes, cuts) => {
      const rewriter = new UrlRewriter(REPLACEMENTS);
      const buffer = Buffer.from(bytes);
      const cut = Math.min(cuts[0] ?? 0, buffer.length);
      const out = [
        rewriter.push(buffer.subarray(0, cut)),
        rewriter.push(buffer.subarray(cut)),
        rewriter.end(),
      ];
      expect(Buffer.concat(out).equals(buffer)).toBe(true);
    }),
  );
});
