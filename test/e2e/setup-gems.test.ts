/** gem and bundler with the configuration that `ci-templates/setup.sh` writes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildGem, startGemServer } from '../support/gem-server.ts';
import { needs } from '../support/needs.ts';
import { feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { createSetupJob, type SetupJob, type ShellName } from '../support/setup-script.ts';

needs('bundle', 'busybox', 'curl', 'dash', 'gem').describe('Ruby gems', () => {
  const scenario = useJobScenario({
    backends: () => ({ gems: () => startGemServer() }),
    config: ({ gitlab, gems }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants:
          '[{ service: gems, scopes: [read_package_registry, write_package_registry], resources: ["acme*"] }]',
        deployToken: '{ service: gems, scopes: [read_package_registry], resources: ["acme*"] }',
        services: `  gems:
    type: rubygems
    path: /gems/
    upstream: { url: "${gems.url}/", auth: { basic: { username: gatehouse, password: canary-gems-upstream } } }
`,
      }),
  });

  function job(shell: ShellName): SetupJob {
    const created = createSetupJob(shell, {
      GATEHOUSE_URL: scenario.gateway.url,
      GATEHOUSE_ID_TOKEN: scenario.job.idToken(),
    });
    onTestFinished(created.close);
    return created;
  }

  test.each(['dash', 'busybox'] as const)('gem and bundler install, and gem pushes, in %s', async (shell) => {
    const gem = await buildGem(scenario.folder, 'acme');
    await scenario.gems.add([gem]);
    const created = job(shell);
    writeFileSync(join(created.project, 'Gemfile'), `source "${scenario.gateway.url}/gems/"\n\ngem "acme"\n`);
    const { code, stdout, stderr } = await created.afterSetup(
      [
        'gem install acme',
        'BUNDLE_PATH=$HOME/bundle bundle install',
        `GEM_HOST_API_KEY="$GATEHOUSE_TOKEN" gem push ${gem} --host "$GATEHOUSE_URL/gems"`,
      ],
      { GEM_HOME: join(created.home, 'gems') },
    );
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('1 gem installed');
    expect(stdout).toContain('Installing acme 1.0');
    expect(stdout).toContain('Accepted by the gem server.');
  });
});
