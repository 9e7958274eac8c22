/** gem and bundler with the configuration that `ci-templates/setup.sh` writes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildGem, startGemServer } from '../support/gem-server.ts';
import { needs } from '../support/needs.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';
import { startScenarioJob } from '../support/setup-script.ts';

needs('bundle', 'busybox', 'curl', 'dash', 'gem').describe('Ruby gems', () => {
  const scenario = useJobScenario({
    backends: () => ({ gems: startGemServer }),
    config: ({ gitlab, gems }) =>
      packagesConfig(gitlab.url, [
        { type: 'rubygems', name: 'gems', resources: ['acme*'], upstream: basicUpstream(gems) },
      ]),
  });

  test.each(['dash', 'busybox'] as const)('gem and bundler install, and gem pushes, in %s', async (shell) => {
    const gem = await buildGem(scenario.folder, 'acme');
    await scenario.gems.add([gem]);
    const created = startScenarioJob(scenario, shell);
    writeFileSync(join(created.project, 'Gemfile'), `source "${scenario.gateway.url}/gems/"\n\ngem "acme"\n`);
    const { code, stdout, stderr } = await created.afterSetup(
      [
        'gem install acme',
        'BUNDLE_PATH=$HOME/bundle bundle install',
        `GEM_HOST_API_KEY="$GATEHOUSE_TOKEN" gem push ${gem} --host "$GATEHOUSE_URL/gems"`,
      ],
      { GEM_HOME: join(created.home, 'gems') },
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('1 gem installed');
    expect(stdout).toContain('Installing acme 1.0');
    expect(stdout).toContain('Accepted by the gem server.');
  });
});
