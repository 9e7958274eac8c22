import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTarget } from '../../src/http/request-target.ts';

const pieces = fc.constantFrom(
  '/',
  '.',
  '..',
  '%',
  '%2e',
  '%2F',
  '%5c',
  '%25',
  '%00',
  '%c0',
  '%E6%97%A5',
  '%41',
  '%3b',
  '%20',
  ';',
  '\\',
  '#',
  '?',
  '+',
  'a',
  'b',
  '~',
  '@',
  'é',
);
const targets = fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

test('an accepted path is a fixed point: parsing it again changes nothing', () => {
  fc.assert(
    fc.property(targets, (target) => {
      const read = parseTarget(target);
      if ('kind' in read) return;
      // The removed segment is reported only once.
      const { dotSegment: _, ...fixed } = read;
      expect(parseTarget(read.path + read.query)).toEqual(fixed);
    }),
    { numRuns: 5_000 },
  );
});

test('a URL parser reads an accepted path the same way, inside its prefix', () => {
  fc.assert(
    fc.property(targets, (target) => {
      const read = parseTarget(target);
      if ('kind' in read) return;
      // WHATWG URL resolves dot segments and backslashes: it must find none to resolve.
      expect(new URL(`http://h${read.path}`).pathname).toBe(read.path);
      const decoded = decodeURIComponent(read.path);
      // The protocol decides about encoded slashes; decoding them reveals no further dot or empty segments.
      const slashes = read.path.replaceAll(/%2f/gi, '/');
      expect(decoded.split('/')).toHaveLength(slashes.split('/').length);
      expect(read.encodedSlash === true).toBe(slashes !== read.path);
      expect(read.pathParameters === true).toBe(read.path.includes(';'));
      // A server that removes path parameters finds no further dot or empty segments either.
      expect(decoded.replaceAll(/;[^/]*/g, '').slice(1)).not.toMatch(/(^|\/)(\.{1,2})?(\/)|(^|\/)\.{1,2}$/);
      expect(decoded).not.toMatch(/(^|\/)\.{1,2}(\/|$)/);
    }),
    { numRuns: 5_000 },
  );
});
