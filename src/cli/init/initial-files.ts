import { join } from 'node:path';
import { loadConfig } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { PROGRAM } from '../program.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { planInit, type InitAnswers } from './init-plan.ts';
import { INIT_SERVICES } from './init-services.ts';
import { initialPolicyTests } from './init-tests-yaml.ts';
import { initialConfiguration, placeholderLines } from './init-yaml.ts';
import { writeNewFolder } from './new-folder.ts';

const CONFIGURATION = 'gatehouse.yaml';
const TESTS = 'gatehouse.test.yaml';

/** Writes both files, and prints the placeholders and the next commands. */
export function writeInitialFiles(output: string, answers: InitAnswers, terminal: Terminal): ExitCode {
  const plan = planInit(answers, INIT_SERVICES);
  const configuration = initialConfiguration(plan);
  const files = { [CONFIGURATION]: configuration, [TESTS]: initialPolicyTests(plan) };
  writeNewFolder(output, files, refuseInvalid);
  const file = join(output, CONFIGURATION);
  const placeholders = placeholderLines(configuration).map((line) => `  ${file}:${line}\n`);
  terminal.out(
    `${file}\n${join(output, TESTS)}\n` +
      (placeholders.length === 0
        ? ''
        : `\nReplace the placeholder ids, here and in the tests:\n${placeholders.join('')}`) +
      `\nNext steps\n` +
      `  ${PROGRAM} check --config ${output} --online   contact the issuers and the servers\n` +
      `  ${PROGRAM} test --config ${output} --coverage  run the policy tests\n` +
      `  ${PROGRAM} serve --config ${output}            start the gateway\n`,
  );
  return EXIT.done;
}

/** Values that are valid alone can contradict each other, such as a GitLab at the address of the gateway. */
function refuseInvalid(folder: string): void {
  const result = loadConfig(join(folder, CONFIGURATION), {});
  if (result.kind === 'loaded') return;
  const problems = result.problems.map(({ path, message }) => `${path} ${message}`);
  throw new GatehouseError('usage', `these values make no valid configuration: ${problems.join('; ')}`);
}
