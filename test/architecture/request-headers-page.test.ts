/** docs/reference/request-headers.md lists the headers of the code, group by group, with their sources. */
import { expect, test } from 'vitest';
import { ACTING_HEADERS, type HeaderGroup } from '../../src/core/headers/acting-headers.ts';
import { IMPERSONATION_HEADERS, TRUSTED_USER_HEADERS } from '../../src/core/headers/identity-headers.ts';
import { readText } from '../support/repository.ts';

const page = readText('docs/reference/request-headers.md');

/** Cells of the rows below a heading. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const rows = section.split('\n## ')[0]?.matchAll(/^\| (`.*) \|$/gm) ?? [];
  return [...rows].map(([, cells = '']) => cells.split(' | ').map((cell) => cell.trim()));
}

const rowOf = ({ names, source }: HeaderGroup): readonly string[] => [
  names.map((name) => `\`${name}\``).join(', '),
  source,
];
const acting = (effect: string): readonly HeaderGroup[] =>
  ACTING_HEADERS.filter((group) => group.effect === effect);

test.each([
  ['Refused: headers that change what a request does', acting('refuse')],
  ['Removed: headers that only a proxy sets', acting('remove')],
  ['Refused: impersonation', IMPERSONATION_HEADERS],
  ['Removed: headers that say who is calling', TRUSTED_USER_HEADERS],
])('%s', (heading, groups) => {
  expect(groups.length).toBeGreaterThan(0);
  expect(rowsUnder(heading)).toEqual(groups.map(rowOf));
});
