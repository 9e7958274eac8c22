import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../src/util/text/glob.ts';
import { findText, isContained, languageOf } from '../../src/util/text/glob-language.ts';
import type { GlobToken } from '../../src/util/text/glob.ts';

type Separators = '/' | '/:';

/** Few characters, so that patterns and texts meet often. */
const character = fc.constantFrom('a', 'b', '/', ':', '*');
const token: fc.Arbitrary<GlobToken> = fc.oneof(
  fc.string({ unit: character, maxLength: 2 }).map((text): GlobToken => ({ kind: 'literal', text })),
  fc.constant<GlobToken>({ kind: 'star' }),
  fc.constant<GlobToken>({ kind: 'globstar' }),
);
const separators = fc.constantFrom<Separators>('/', '/:');
/** A pattern with, for each part, what its wildcard could stand for. */
const filled = fc.array(fc.tuple(token, fc.string({ unit: character, maxLength: 4 })), { maxLength: 7 });

function fill(parts: readonly (readonly [GlobToken, string])[]): string {
  return parts.map(([part, wild]) => (part.kind === 'literal' ? part.text : wild)).join('');
}

describe('a glob', () => {
  it('is what a regular expression of the same pattern is', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(
        filled,
        fc.string({ unit: character }),
        separators,
        fc.boolean(),
        (parts, any, stops, base) => {
          const pattern = parts.map(([part]) => part);
          const glob = compileGlob(pattern, { separators: stops, matchBase: base });
          const regex = reference(pattern, stops, base);
          for (const text of [fill(parts), any]) {
            expect(glob.test(text)).toBe(regex.test(text));
            seen[`${regex.test(text)}`] += 1;
          }
        },
      ),
      { numRuns: 20_000 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(2000);
  });

  it('of literals alone matches nothing but itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (literal, other) => {
        const glob = compileGlob([{ kind: 'literal', text: literal }]);
        expect(glob.test(literal)).toBe(true);
        expect(glob.test(other)).toBe(literal === other);
      }),
    );
  });
});

describe('the language of patterns', () => {
  it('contains a text that is found in one and not in others, and no other where none is found', () => {
    const seen = { found: 0, none: 0, undecided: 0 };
    fc.assert(
      fc.property(filled, fc.array(filled, { maxLength: 2 }), (inside, outside) => {
        const [inner, ...outer] = [inside, ...outside].map((parts) => parts.map(([part]) => part));
        if (inner === undefined) return;
        const search = findText([languageOf(inner)], outer.map(languageOf));
        seen[search.kind] += 1;
        const matches = (text: string): boolean =>
          compileGlob(inner).test(text) && !outer.some((each) => compileGlob(each).test(text));
        if (search.kind === 'found') expect(matches(search.text)).toBe(true);
        if (search.kind === 'none') expect(matches(fill(inside))).toBe(false);
        for (const each of outside.map(fill)) if (search.kind === 'none') expect(matches(each)).toBe(false);
        expect(isContained(languageOf(inner), outer.map(languageOf))).toBe(search.kind === 'none');
      }),
      { numRuns: 5000 },
    );
    expect(Math.min(seen.found, seen.none)).toBeGreaterThan(100);
    expect(seen.undecided).toBe(0);
  });
});

function reference(pattern: readonly GlobToken[], stops: Separators, matchBase: boolean): RegExp {
  const source = pattern
    .map((part) => {
      if (part.kind === 'literal') return part.text.replaceAll(/[*/]/g, '\\$&');
      return part.kind === 'star' ? `[^${stops}]*` : '[^]*';
    })
    .join('');
  const base = /^([^]+)\\\/\[\^\]\*$/.exec(source)?.[1];
  return new RegExp(matchBase && base !== undefined ? `^(?:${source}|${base})$` : `^(?:${source})$`);
}
