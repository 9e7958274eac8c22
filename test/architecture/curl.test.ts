/** A refusal explains itself in its body, which `curl --fail` discards. */
import { expect, test } from 'vitest';
import { readText, repositoryFiles } from '../support/repository.ts';

const SHOWN = /^(?:docs|ci-templates|config|examples|helm)\/|^[^/]+\.md$/;
const files = (await repositoryFiles()).filter((file) => SHOWN.test(file) && file !== 'CHANGELOG.md');

/** Commands of curl, with their continuation lines. */
function curlCommands(text: string): readonly string[] {
  return [...text.matchAll(/\bcurl\b(?:[^\n\\|`]|\\\n|\\.)*/g)].map(([command]) => command);
}

/** `--fail`, or `f` among the short options; an option with an argument ends them. */
function discardsBody(command: string): boolean {
  const words = command.split(/\s+/);
  return words.some(
    (word) => word === '--fail' || /^-[a-zA-Z]*?f/.test(word.replace(/^-([a-zA-Z]*?)[HXduoATFmw].*$/, '-$1')),
  );
}

test('the check finds both spellings', () => {
  const commands = ['curl --fail x', 'curl -sSf x', 'curl -f x', 'curl -s \\\n  --fail x', 'curl -fsSL x'];
  for (const command of commands) expect(curlCommands(command).some(discardsBody), command).toBe(true);
  const others = [
    'curl --fail-with-body x',
    'curl -Hfoo x',
    'curl -s -F a=b x',
    'curl --form x',
    'curl -o file x',
  ];
  for (const command of others) expect(curlCommands(command).some(discardsBody), command).toBe(false);
});

test.each(files)('%s shows curl with --fail-with-body', (file) => {
  expect(curlCommands(readText(file)).filter(discardsBody)).toEqual([]);
});
