/** Clients of npm and PyPI with the configuration that `ci-templates/setup.sh` writes, against real feeds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { buildDistribution, needsPython, pythonProgram, startPypiserver } from '../support/python.ts';
import { ROOT } from '../support/repository.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';
import { startScenarioJob, type SetupJob, type ShellName } from '../support/setup-script.ts';
import { startVerdaccio } from '../support/verdaccio.ts';

/** For tests that take half a minute on a loaded machine. */
const SLOW = 180_000;

const JOB_SHELLS: readonly ShellName[] = ['dash', 'busybox'];

needs('busybox', 'curl', 'dash').describe('npm', () => {
  const { test } = needs();
  const scenario = useJobScenario({
    backends: () => ({ verdaccio: () => startVerdaccio() }),
    config: ({ gitlab, verdaccio }) =>
      packagesConfig(gitlab.url, [
        { type: 'npm', resources: ['@acme/*'], upstream: basicUpstream(verdaccio) },
        { type: 'npm', name: 'everything', resources: ['**'], upstream: basicUpstream(verdaccio) },
      ]),
  });

  /** A package and a project that depends on it. */
  function job(shell: ShellName, name: string): SetupJob {
    const created = startScenarioJob(scenario, shell, {
      YARN_ENABLE_TELEMETRY: '0',
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      YARN_NODE_LINKER: 'node-modules',
      YARN_NPM_MINIMAL_AGE_GATE: '0',
      npm_config_update_notifier: 'false',
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
    });
    writeFileSync(join(created.project, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
    writeFileSync(join(created.project, 'index.js'), 'module.exports = 1;\n');
    writeFileSync(join(created.project, 'yarn.lock'), '');
    return created;
  }
  const dependOn = (name: string): string =>
    `printf '%s' '${JSON.stringify({ name: 'app', version: '1.0.0', dependencies: { [name]: '1.0.0' } })}' >package.json`;

  test(
    'npm and pnpm publish and install a scoped package, in dash and busybox',
    async () => {
      for (const [index, client] of (['npm', 'pnpm'] as const).entries()) {
        const name = `@acme/${client}`;
        const created = job(JOB_SHELLS[index] ?? 'dash', name);
        // The user's own settings remain.
        writeFileSync(join(created.home, '.npmrc'), 'fund=false');
        const flags = client === 'pnpm' ? ' --no-git-checks' : '';
        const published = await created.afterSetup([`${client} publish${flags}`]);
        expect(published).toExitWith(0);
        const installed = await created.script(['. "$DIR/env"', dependOn(name), `${client} install`], {
          DIR: created.directory,
        });
        expect(installed).toExitWith(0);
        expect(readFileSync(join(created.project, `node_modules/${name}/index.js`), 'utf8')).toContain(
          'exports',
        );
        const npmrc = readFileSync(join(created.directory, 'npmrc'), 'utf8');
        expect(npmrc).toContain('fund=false\n');
      }
    },
    SLOW,
  );

  test(
    'yarn uses the service that grants every name',
    async () => {
      const created = job('dash', 'plain');
      const published = await created.afterSetup([
        'yarn install',
        'yarn npm publish',
        dependOn('plain'),
        'yarn install',
      ]);
      expect(published).toExitWith(0);
      expect(readFileSync(join(created.project, 'node_modules/plain/index.js'), 'utf8')).toContain('exports');
    },
    SLOW,
  );

  test('after a renewal the files contain the new token, and the own settings once', async () => {
    const created = job('busybox', '@acme/renewed');
    writeFileSync(join(created.home, '.npmrc'), 'fund=false\n');
    const outcome = await created.afterSetup(['sh "$SETUP" --renew', 'sh "$SETUP" --renew', 'npm publish']);
    expect(outcome).toExitWith(0);
    const npmrc = readFileSync(join(created.directory, 'npmrc'), 'utf8');
    expect(npmrc.match(/fund=false/g)).toHaveLength(1);
    const [token] = readFileSync(join(created.directory, 'token'), 'utf8').split('\n');
    expect(npmrc).toContain(`_authToken=${token}\n`);
  });
});

needsPython.describe('PyPI', () => {
  const { test } = needs('busybox', 'curl', 'dash');
  const scenario = useJobScenario({
    backends: () => ({ pypiserver: () => startPypiserver() }),
    config: ({ gitlab, pypiserver }) =>
      packagesConfig(gitlab.url, [
        { type: 'pypi', resources: ['acme-*'], upstream: basicUpstream(pypiserver) },
      ]),
  });

  test(
    'twine and uv publish, pip and uv install, in dash and busybox',
    async () => {
      for (const [index, uploader] of (['twine', 'uv'] as const).entries()) {
        const name = `acme-${uploader}`;
        const [wheel = ''] = await buildDistribution(join(scenario.folder, uploader), name, '1.0');
        const created = startScenarioJob(scenario, JOB_SHELLS[index] ?? 'dash', {
          PATH: `${dirname(pythonProgram('pip'))}:${process.env['PATH']}`,
          WHEEL: wheel,
        });
        const upload = uploader === 'uv' ? 'uv publish "$WHEEL"' : 'twine upload --non-interactive "$WHEEL"';
        const { code, stdout, stderr } = await created.afterSetup([
          upload,
          `pip install --disable-pip-version-check --no-deps --target one ${name}`,
          `uv pip install --no-deps --target two ${name}`,
        ]);
        expect({ code, stdout, stderr }).toExitWith(0);
        for (const target of ['one', 'two'])
          expect(readFileSync(join(created.project, target, `acme_${uploader}.py`), 'utf8')).toContain('42');
      }
    },
    SLOW,
  );
});
