import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDeployTokenName as nameInSecret } from '../../src/core/credentials/deploy-token.ts';
import { toPlain } from '../../src/config/load/plain-value.ts';
import { readTree } from '../../src/config/load/read-tree.ts';
import { mergeTrees } from '../../src/config/load/merge-trees.ts';
import { deployToken, deployTokenName } from '../../src/config/schema/tokens.ts';
import { keysAt } from '../../src/config/load/source-tree.ts';
import { configuration, load } from '../unit/config/loading.ts';

function read(text: string, env: Record<string, string> = {}) {
  return readTree({ file: 'f.yaml', text }, env);
}

describe('reading', () => {
  const WHOLE = configuration();
  const fragment = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    '- ',
    '? ',
    '&a ',
    '*a',
    '!t ',
    '<<: ',
    '"',
    "'",
    '#',
    '|\n',
    '>\n',
    '\n',
    '\n  ',
    '${X}',
    '${',
    '%',
    '---\n',
    ',',
    '\t',
    'a',
    '1',
    '~',
    'null',
    '\u0000',
    '\ud800',
    'é',
  );

  test('no text makes it throw, and whatever is refused says where', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        const lines = text.split('\n').length;
        for (const { line, column } of read(text).problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('no damage to a good configuration makes the loader throw', () => {
    fc.assert(
      fc.property(fc.nat(WHOLE.length), fc.nat(8), fc.array(fragment, { maxLength: 3 }), (at, cut, parts) => {
        const result = load(WHOLE.slice(0, at) + parts.join('') + WHOLE.slice(at + cut));
        if (result.kind === 'invalid') expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

test('a variable contains a value, never structure', () => {
  const style = fc.constantFrom(
    'a: ${X}\nb: 1',
    'a: "${X}"\nb: 1',
    "a: '${X}'\nb: 1",
    'a: >-\n  ${X}\nb: 1',
    '{ a: "${X}", b: 1 }',
  );
  fc.assert(
    fc.property(style, fc.string({ unit: 'grapheme', maxLength: 40 }), (yaml, value) => {
      const { root, problems } = read(yaml, { X: value });
      expect(problems).toEqual([]);
      const plain = root === undefined ? {} : (toPlain(root) as Record<string, unknown>);
      expect(Object.keys(plain)).toEqual(['a', 'b']);
      expect(String(plain['a'])).toBe(value);
    }),
  );
});

test('merging keeps the order of the files for all names', () => {
  const name = fc.oneof(fc.nat(999).map(String), fc.stringMatching(/^[a-z]{1,3}$/));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 20 }), fc.nat(20), (names, cut) => {
      const files = [names.slice(0, cut), names.slice(cut)].filter((each) => each.length > 0);
      const roots = files.flatMap((each) => {
        const { root } = read(`version: 1\nidentities: { ${each.map((key) => `"${key}": 1`).join(', ')} }`);
        return root === undefined ? [] : [root];
      });
      const { root, problems } = mergeTrees(roots);
      expect(problems).toEqual([]);
      expect(keysAt(root, ['identities'])).toEqual(names);
    }),
  );
});

test('the names of deploy tokens are those that a secret can carry', () => {
  const name = fc.oneof(fc.string({ maxLength: 70 }), fc.stringMatching(/^[\w.-]{0,66}$/));
  fc.assert(
    fc.property(name, (text) => {
      const carried = nameInSecret(`ghdt_${text}_${'0'.repeat(64)}`) === text;
      expect(deployTokenName.safeParse(text).success).toBe(carried);
    }),
    { numRuns: 1_000 },
  );
});

test('the expiry of a deploy token is a day of the calendar', () => {
  const padded = (number: number, width: number): string => String(number).padStart(width, '0');
  const { expires } = deployToken.shape;
  fc.assert(
    fc.property(fc.nat(9999), fc.nat(13), fc.nat(32), (year, month, day) => {
      const lastDay = month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
      const real = month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
      const text = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
      expect(expires.safeParse(text).success).toBe(real);
    }),
    { numRuns: 2_000 },
  );
});

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
