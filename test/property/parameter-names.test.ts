/** The check of method overrides reads prefixes of names, so it has a pattern of its own. It accepts no fewer names. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMethodOverride } from '../../src/util/http/method-override-name.ts';
import { foldParameterName } from '../../src/util/http/query-parameters.ts';

const OVERRIDES: readonly string[] = ['_method', 'x-http-method-override'];

/** Names around an override, from the characters that servers fold. */
const names = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(' ', '\t', '[', ']', '\0', '.', '_'), maxLength: 4 }),
    fc.constantFrom('_method', '.method', '_METHOD', ' method', 'X-HTTP-Method-Override'),
    fc.string({ unit: fc.constantFrom(' ', '[', ']', '\0', '.', '_', 'a'), maxLength: 4 }),
  )
  .map((parts) => parts.join(''));

test('a name that folds to a method override is one', () => {
  fc.assert(
    fc.property(names, (name) => {
      if (OVERRIDES.includes(foldParameterName(name))) expect(isMethodOverride(name)).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});
