import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnyYaml } from '../../src/config/load/read-tree.ts';
import { readSimpleYaml } from '../../src/config/load/simple-yaml.ts';
import { ROOT } from '../support/repository.ts';

const RUNS = Number(process.env['SIMPLE_YAML_RUNS'] ?? 10_000);

const ENV = { X: '12', EMPTY: '' };

/** Compares the two readers. Returns whether the simple one read the text. */
function agree(text: string): boolean {
  const source = { file: 'f.yaml', text };
  const simple = readSimpleYaml(source, ENV);
  if (simple === undefined) return false;
  expect({ text, root: simple, problems: [] }).toEqual({ text, ...readAnyYaml(source, ENV) });
  return true;
}

const EXAMPLES = readdirSync(join(ROOT, 'config'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => [name, readFileSync(join(ROOT, 'config', name), 'utf8')] as const);

const fragment = fc.constantFrom(
  'a',
  'b: ',
  'c:',
  '- ',
  '-',
  '\n',
  '\n  ',
  '\n    ',
  ' ',
  '  ',
  ': ',
  ':',
  ',',
  ', ',
  '[',
  ']',
  '{',
  '}',

  '"',
  "'",
  "''",
  '\\"',
  '\\',
  '#',
  ' #',
  '# x\n',
  '|',
  '>',
  '|\n',
  '&a ',
  '*a',
  '!t ',
  '<<',
  '? ',
  '%',
  '@',
  '`',

  '---',
  '---\n',
  '...\n',
  '\t',
  '\r\n',
  '\u0000',
  '\ufeff',
  '\u0085',
  '\u2028',
  'é',
  '\ud800',
  '~',
  'null',

  'true',
  'False',
  'tRue',
  '0x10',
  '0o7',
  '007',
  '1e3',
  '.5',
  '.inf',
  '-.INF',
  '.nan',
  '+1',
  '-1',
  '1.0',
  '1_0',

  '2030-01-01',
  '12:30',
  '9007199254740993',
  '${X}',
  '${EMPTY}',
  '$${',
  '${',
  '"${X}"',
  'http://a/b',
  'a#b',
  '**',

  '"q"',
  "'s'",
  '"k": ',
  "'k': ",
  '[a, b]',
  '{ a: 1, "b": c }',
  '[]',
  '{}',
  '__proto__: ',
  'a: 1\n',
  '- a\n',
);

const scalar = fc.oneof(
  { weight: 1, arbitrary: fragment.filter((text) => !text.includes('\n')) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'a',
      'b c',
      '"q"',
      "'s'",
      '"\\"x\\\\"',
      "'it''s'",
      'true',
      '12',
      '~',
      '${X}',
      'a:b',
      'x#y',
      '-1',
      '/v1/**',
    ),
  },
);
const comment = fc.constantFrom('', '', '', '', ' # note', '  ', '#', '\n# note', '\n\n    # note');
const key = fc.constantFrom('a', 'b', 'c-d', '"e"', "'f'", 'g h', 'x', 'y', '1', '/v1');
const indent = fc.constantFrom(2, 2, 2, 4, 1, 0, 3);

const { flow, block } = fc.letrec<{ flow: string; block: readonly string[] }>((tie) => {
  const space = fc.constantFrom(' ', ' ', '', '  ', '\n', '\n      ', ' # note\n        ');
  const flowNode = fc.oneof({ depthSize: 'small' }, scalar, scalar, tie('flow'));
  const end = fc.constantFrom('', '', ',', ' ');
  const node = fc.oneof(
    { depthSize: 'small' },
    scalar.map((text) => [text]),
    tie('flow').map((text) => [text]),
    tie('block'),
  );
  return {
    flow: fc.oneof(
      fc
        .tuple(fc.array(fc.tuple(space, flowNode), { maxLength: 3 }), end, space)
        .map(([items, comma, last]) => `[${items.map((item) => item.join('')).join(',')}${comma}${last}]`),
      fc
        .tuple(
          fc.array(fc.tuple(space, key, fc.constantFrom(': ', ': ', ':'), flowNode), { maxLength: 3 }),
          end,
          space,
        )
        .map(([items, comma, last]) => `{${items.map((item) => item.join('')).join(',')}${comma}${last}}`),
    ),
    block: fc.oneof(
      fc
        .array(fc.tuple(key, node, indent, comment, fc.boolean()), { minLength: 1, maxLength: 3 })
        .map((entries) =>
          entries.flatMap(([name, [first = '', ...rest], by, note, inline]) =>
            rest.length === 0 && inline
              ? [`${name}: ${first}${note}`]
              : [`${name}:${note}`, ...[first, ...rest].map((text) => ' '.repeat(by) + text)],
          ),
        ),
      fc
        .array(fc.tuple(node, comment), { minLength: 1, maxLength: 3 })
        .map((items) =>
          items.flatMap(([[first = '', ...rest], note]) => [
            `- ${first}`,
            ...rest.map((text) => `  ${text}`),
            ...(note === '' ? [] : [note]),
          ]),
        ),
    ),
  };
});

const document = fc
  .tuple(
    fc.array(
      fc.tuple(
        key,
        fc.oneof(
          block,
          flow.map((text) => [text]),
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([sections]) =>
    sections
      .map(([name, lines]) =>
        lines.length === 1
          ? `${name}: ${lines.join('')}\n`
          : `${name}:\n${lines.map((text) => `  ${text}\n`).join('')}`,
      )
      .join(''),
  );

/** A change at one place, as wide as `cut`. */
const damage = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.nat(4),
  fc.array(fragment, { maxLength: 2 }),
);

function damaged(text: string, [where, cut, parts]: readonly [number, number, readonly string[]]): string {
  const at = Math.floor(where * text.length);
  return text.slice(0, at) + parts.join('') + text.slice(at + cut);
}

describe('the reader of simple YAML agrees with the parser wherever it reads a text', () => {
  test.each(EXAMPLES)('config/%s', (_, text) => {
    agree(text);
  });

  test('it reads most of the examples', () => {
    expect(EXAMPLES.filter(([, text]) => agree(text)).length).toBeGreaterThan(EXAMPLES.length * 0.7);
  });

  test.each([
    'a: 1\nb:\n- x\n- y: 2\n  z: [3, "4", \'5\']\nc: { d: e, "f": {} }\n',
    '---\n# note\na: # note\n  # note\n  b: c # note\n\n  d: [\n    1, # one\n    2,\n  ]\n',
    'x:\n  - - a\n    - b\n  -   c: d\n      e: f\n',
    'url: http://host:80/a#b\nempty: ""\nkey with spaces: value with spaces   # note\n',
    'a: "x\\"y\\\\z"\nb: \'it\'\'s\'\nc: ${X}\nd: "${X}"\ne: ${EMPTY:-no}\n',
    '{ a: [b, {c: d}] }',
  ])('%j is simple', (text) => {
    expect(agree(text)).toBe(true);
  });

  test('rows of fragments', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (parts) => void agree(parts.join(''))),
      { numRuns: RUNS },
    );
  });

  test('documents', () => {
    let simple = 0;
    fc.assert(
      fc.property(document, (text) => {
        if (agree(text)) simple += 1;
      }),
      { numRuns: RUNS },
    );
    expect(simple).toBeGreaterThan(RUNS / 10);
  });

  test('damaged documents', () => {
    fc.assert(
      fc.property(document, damage, (text, change) => void agree(damaged(text, change))),
      { numRuns: RUNS },
    );
  });

  test('damaged examples', () => {
    const example = fc.constantFrom(...EXAMPLES.map(([, text]) => text));
    fc.assert(
      fc.property(example, damage, (text, change) => void agree(damaged(text, change))),
      { numRuns: RUNS / 5 },
    );
  });
});
