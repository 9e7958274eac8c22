/** apt and dnf with the configuration that `ci-templates/setup.sh` writes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { buildDeb, createFlatRepository } from '../support/debian-repository.ts';
import { startFileTree } from '../support/file-tree.ts';
import { needs } from '../support/needs.ts';
import { buildRpm, createRpmRepository, RPM_TOOLS, rpmsBelow } from '../support/rpm-repository.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { packagesConfig } from '../support/scenario/packages.ts';
import { startScenarioJob } from '../support/setup-script.ts';

needs('apt-get', 'busybox', 'curl', 'dash', 'dnf', 'dpkg-deb', 'nginx', ...RPM_TOOLS).describe(
  'packages of distributions',
  () => {
    const { test } = needs();
    const scenario = useJobScenario({
      backends: () => ({ tree: () => startFileTree() }),
      config: ({ gitlab, tree }) =>
        packagesConfig(
          gitlab.url,
          [
            { type: 'deb', name: 'debian' },
            { type: 'rpm', name: 'rpms' },
          ].map((service) => ({
            ...service,
            resources: ['acme*'],
            upstream: `{ url: "http://127.0.0.1:${tree.port}/${service.name}/" }`,
          })),
        ),
    });

    test('apt updates and downloads; curl publishes with netrc', async () => {
      const deb = await buildDeb(scenario.folder, 'acme-tools');
      createFlatRepository(join(scenario.tree.folder, 'debian'), [deb]);
      const created = startScenarioJob(scenario, 'dash');
      for (const name of ['state/lists/partial', 'cache/archives/partial'])
        mkdirSync(join(created.home, name), { recursive: true });
      writeFileSync(join(created.home, 'state/status'), '');
      writeFileSync(
        join(created.home, 'sources.list'),
        `deb [trusted=yes] ${scenario.gateway.url}/debian ./\n`,
      );
      const options = [
        'Dir::State=$HOME/state',
        'Dir::State::status=$HOME/state/status',
        'Dir::Cache=$HOME/cache',
        'Dir::Etc::sourcelist=$HOME/sources.list',
        'Dir::Etc::sourceparts=-',
        'APT::Sandbox::User=root',
      ];
      const apt = `apt-get ${options.map((option) => `-o "${option}"`).join(' ')}`;
      const { code, stdout, stderr } = await created.afterSetup([
        `${apt} update`,
        `${apt} download acme-tools`,
        `curl -sSf --netrc-file "$NETRC" -T ${deb} "$GATEHOUSE_URL/debian/pool/main/a/acme-tools/"`,
      ]);
      expect({ code, stdout, stderr }).toExitWith(0);
      for (const file of [
        join(created.project, basename(deb)),
        join(scenario.tree.folder, 'debian/pool/main/a/acme-tools', basename(deb)),
      ])
        expect(readFileSync(file).equals(readFileSync(deb))).toBe(true);
    });

    test('apt keeps the configuration and the credentials of the job, also after a second run', async () => {
      const created = startScenarioJob(scenario, 'busybox');
      const own = join(created.home, 'own.conf');
      writeFileSync(own, `Acme::Proxy "kept";\nDir::Etc::netrc "${created.home}/own-auth.conf";`);
      writeFileSync(join(created.home, 'own-auth.conf'), 'machine mirror.example.com login a password kept');
      const { code, stdout, stderr } = await created.script(
        [
          '. "$SETUP"',
          '. "$SETUP"',
          'apt-config shell proxy Acme::Proxy netrc Dir::Etc::netrc/f',
          'cat "$(dirname "$APT_CONFIG")/apt-auth.conf"',
        ],
        { APT_CONFIG: own },
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain("proxy='kept'");
      expect(stdout).toContain(`netrc='${created.directory}/apt-auth.conf'`);
      expect(stdout.match(/machine mirror\.example\.com login a password kept/g)).toHaveLength(1);
      expect(stdout).toMatch(/^machine http:.*\/debian\/ login /m);
    });

    test('dnf downloads, from the written repository and from one of the job', async () => {
      const rpm = await buildRpm(scenario.folder, 'acme-tools');
      for (const folder of ['rpms', 'rpms/el9'])
        await createRpmRepository(join(scenario.tree.folder, folder), [rpm]);
      const created = startScenarioJob(scenario, 'busybox');
      const repositories = join(created.home, 'repos');
      mkdirSync(repositories);
      for (const name of ['root', 'log']) mkdirSync(join(created.home, name));
      writeFileSync(
        join(repositories, 'el9.repo'),
        `[el9]\nname=el9\nbaseurl=${scenario.gateway.url}/rpms/el9/\nusername=$gatehouse_user\npassword=$gatehouse_token\n`,
      );
      writeFileSync(join(created.home, 'dnf.conf'), '[main]\n');
      const options = [
        'cachedir=$HOME/cache',
        'persistdir=$HOME/persist',
        'logdir=$HOME/log',
        'pluginpath=-',
      ];
      const dnf = `dnf -y --config="$HOME/dnf.conf" ${options.map((option) => `--setopt="${option}"`).join(' ')} --installroot="$HOME/root" --releasever=1`;
      for (const [id, folder] of [
        ['rpms', '$GATEHOUSE_DIR'],
        ['el9', '$HOME/repos'],
      ] as const) {
        const { code, stdout, stderr } = await created.afterSetup([
          'rm -rf "$HOME/cache"',
          `${dnf} --setopt="reposdir=${folder}" --repo=${id} install --downloadonly acme-tools`,
        ]);
        expect({ code, stdout, stderr }).toExitWith(0);
        expect(rpmsBelow(join(created.home, 'cache'))).toHaveLength(1);
      }
    });
  },
);
