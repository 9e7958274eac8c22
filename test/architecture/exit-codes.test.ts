/** A failure of a program shows its output: docs in CONTRIBUTING.md, "Tests". */
import { expect, test } from 'vitest';
import { readText, repositoryFiles } from '../support/repository.ts';

/** Matchers that show the exit code without the output. */
const CODE_ONLY = /toMatchObject\(\{ code: \d+ \}\)|expect\(code(?:, \w+)?\)\.toBe\(/;

const files = (await repositoryFiles()).filter((file) => /^test\/.*\.test\.ts$/.test(file));

test('tests check exit codes with toExitWith', () => {
  expect(files.length).toBeGreaterThan(300);
  expect(files.filter((file) => CODE_ONLY.test(readText(file)))).toEqual([]);
});
