import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isScalar, Schema, type ScalarTag } from 'yaml';
import { resolvePlain } from '../../src/config/load/plain-scalar.ts';

/** The tags that the parser tests unquoted scalars with, in its order. */
const TAGS = new Schema({ schema: 'core', merge: false }).tags.filter(
  (tag): tag is ScalarTag & { readonly test: RegExp } =>
    tag.collection === undefined && tag.default === true && 'test' in tag && tag.test !== undefined,
);

function resolvedByYaml(text: string): unknown {
  const tag = TAGS.find(({ test: pattern }) => pattern.test(text));
  const resolved: unknown = tag === undefined ? text : tag.resolve(text, () => undefined, {});
  return isScalar(resolved) ? resolved.value : resolved;
}

const character = fc.constantFrom(...Array.from('+-.:_019aeFfxoEnN~ulLtTrRsSiIAU '));

test('an unquoted scalar has the value that the YAML parser gives it', () => {
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 8 }), (text) => {
      expect([text, resolvePlain(text)]).toEqual([text, resolvedByYaml(text)]);
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  [
    '',
    '~',
    'null',
    'Null',
    'NULL',
    'nULL',
    'true',
    'True',
    'TRUE',
    'tRue',
    'false',
    'False',
    'FALSE',
    'yes',
    'no',
  ],
  [
    '0',
    '-0',
    '+1',
    '007',
    '0o17',
    '0O17',
    '0x1F',
    '0X1F',
    '-0x1',
    '1_000',
    '9007199254740993',
    '1'.repeat(400),
  ],
  [
    '.5',
    '1.',
    '-.5',
    '.',
    '-',
    '+',
    '1.50',
    '1e3',
    '1.e3',
    '.e3',
    '.5E-2',
    '1e999',
    'e3',
    '1.2.3',
    '5m',
    '1:30',
  ],
  ['.inf', '+.Inf', '-.INF', '.iNf', 'inf', '.nan', '.NaN', '.NAN', '-.nan', 'nan'],
])('examples of the core schema: %s', (...texts) => {
  for (const text of texts) expect([text, resolvePlain(text)]).toEqual([text, resolvedByYaml(text)]);
});
