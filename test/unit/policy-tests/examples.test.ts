/** The policy tests of each example configuration pass and exercise every rule. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../support/repository.ts';
import { scratchFolder, testCommandLine } from './command.ts';

const DIRECTORY = join(ROOT, 'config');
const EXAMPLES = readdirSync(DIRECTORY).filter((name) => /(?<![.]test)[.]yaml$/.test(name));

describe('the policy tests of the examples', () => {
  test.each(EXAMPLES)('%s', async (name) => {
    const secrets = scratchFolder({ 'ca.crt': 'x', token: 'x', 'release-bot': 'x', inventory: 'x' });
    const { code, stdout, stderr } = await testCommandLine(
      ['--config', join(DIRECTORY, name), '--coverage', '--min-coverage', '100'],
      { SERVICE_ACCOUNT_DIR: secrets, GITLAB_TOKENS: secrets },
    );
    expect(stdout).toMatch(/^coverage: 100 % \((\d+) of \1 rules\)\nok: \d+ tests, \d+ cases\n$/);
    expect({ code, stdout, stderr }).toExitWith(0);
  });
});
