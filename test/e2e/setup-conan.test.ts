/** Conan with the variables that `ci-templates/setup.sh` exports. */
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { needsConan, startConanServer, writeConanHome, writeRecipe } from '../support/conan.ts';
import { pythonProgram } from '../support/python.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { packagesConfig } from '../support/scenario/packages.ts';
import { startScenarioJob } from '../support/setup-script.ts';

needsConan.describe('setup.sh and conan', () => {
  const scenario = useJobScenario({
    backends: () => ({ server: startConanServer }),
    config: ({ gitlab, server }) =>
      packagesConfig(gitlab.url, [
        {
          type: 'conan',
          name: 'c-packages',
          path: '/c/',
          resources: ['acme/*@team/*'],
          upstream: server.upstream,
        },
      ]),
  });

  test('conan publishes and installs; the variables name the remote', async () => {
    const created = startScenarioJob(scenario, 'bash', {
      PATH: `${dirname(pythonProgram('conan'))}:${process.env['PATH'] ?? ''}`,
    });
    writeConanHome(`${created.home}/.conan2`);
    const recipe = writeRecipe(created.home, 'acme', '1.0');
    const { code, stdout, stderr } = await created.afterSetup([
      'conan remote add c-packages "$GATEHOUSE_URL/c" --index 0',
      `conan create ${recipe} --user team --channel stable`,
      'conan upload "acme/1.0@team/stable" --remote c-packages --confirm',
      'conan remove "acme/*" --confirm',
      'conan install --requires=acme/1.0@team/stable --remote c-packages',
    ]);
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout + stderr).toContain('Downloaded package revision');
  }, 60_000);
});
