import { describe, expect, test } from 'vitest';
import { proseOf, type ProseLine } from '../support/prose.ts';
import { readText, repositoryFiles } from '../support/repository.ts';
import { wordingProblem } from '../support/vocabulary.ts';

/** Files whose text is not ours, or that list the wordings themselves. */
const EXCLUDED = /(^|\/)(vocabulary|language\.test)\.ts$|schema\.json$|package-lock|\.github\//;

const files = (await repositoryFiles()).filter(
  (file) => /\.(ts|md|ya?ml|tpl|sh)$/.test(file) && !EXCLUDED.test(file),
);

/** Share of the lines that may break a wording: a pattern cannot know every context. */
const TOLERANCE = 0.005;

describe('the language of the project', () => {
  const all = files.flatMap((file) => proseOf(file, readText(file)).map((prose) => ({ file, ...prose })));

  test.each(['comment', 'documentation', 'message'] as const)(
    '%s lines are plain technical English',
    (kind) => {
      const lines = all.filter((prose) => prose.kind === kind && hasWords(prose));
      const broken = lines.flatMap(({ file, line, text }) => {
        const problem = wordingProblem(text);
        return problem === undefined ? [] : [`${file}:${line}: ${text.trim()}\n    use: ${problem.use}`];
      });
      expect(lines.length).toBeGreaterThan(500);
      expect(broken.length, broken.join('\n')).toBeLessThanOrEqual(lines.length * TOLERANCE);
    },
  );
});

function hasWords({ text }: ProseLine): boolean {
  return /[a-z] [a-z]/i.test(text);
}
