/** Conan with the variables that `ci-templates/setup.sh` exports. */
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { needsConan, startConanServer, writeConanHome, writeRecipe } from '../support/conan.ts';
import { pythonProgram } from '../support/python.ts';
import { feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { createSetupJob } from '../support/setup-script.ts';

const SCOPES = '[read_package_registry, write_package_registry]';

needsConan.describe('setup.sh and conan', () => {
  const scenario = useJobScenario({
    backends: () => ({ server: startConanServer }),
    config: ({ gitlab, server }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants: `[{ service: c-packages, scopes: ${SCOPES}, resources: ["acme/*@team/*"] }]`,
        deployToken: '{ service: c-packages, scopes: [read_package_registry], resources: ["acme/*@team/*"] }',
        services: `  c-packages:
    type: conan
    path: /c/
    upstream: { url: "${server.url}/", auth: { conanToken: ${server.login} } }
`,
      }),
  });

  test('conan publishes and installs; the variables name the remote', async () => {
    const { job, gateway } = scenario;
    const created = createSetupJob('bash', {
      GATEHOUSE_URL: gateway.url,
      GATEHOUSE_ID_TOKEN: job.idToken(),
      PATH: `${dirname(pythonProgram('conan'))}:${process.env['PATH'] ?? ''}`,
    });
    onTestFinished(created.close);
    writeConanHome(`${created.home}/.conan2`);
    const recipe = writeRecipe(created.home, 'acme', '1.0');
    const { code, stdout, stderr } = await created.afterSetup([
      'conan remote add c-packages "$GATEHOUSE_URL/c" --index 0',
      `conan create ${recipe} --user team --channel stable`,
      'conan upload "acme/1.0@team/stable" --remote c-packages --confirm',
      'conan remove "acme/*" --confirm',
      'conan install --requires=acme/1.0@team/stable --remote c-packages',
    ]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout + stderr).toContain('Downloaded package revision');
  }, 60_000);
});
