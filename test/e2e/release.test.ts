/** The programs of the release workflow: versions, chart and SBOM. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHART } from '../support/chart.ts';
import { cleanUp } from '../support/clean-up.ts';
import { helmBinary } from '../support/helm.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { MANIFEST, ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const keep = cleanUp();

describe('.ci/version', () => {
  const CHANGELOG =
    '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-27\n\n### Added\n\n- New.\n\n## [1.2.2] - 2026-11-20\n\n- Old.\n';

  function version(edit: Readonly<Record<string, (text: string) => string>>, ...args: readonly string[]) {
    const folder = keep(temporaryFolder('release-version')).path;
    const write = (file: string, text: string): void => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), (edit[file] ?? ((unchanged) => unchanged))(text));
    };
    write('CHANGELOG.md', CHANGELOG);
    for (const file of ['package.json', 'package-lock.json', 'helm/gatehouse/Chart.yaml']) {
      write(file, readFileSync(join(ROOT, file), 'utf8').replaceAll(MANIFEST.version, '1.2.3'));
    }
    cpSync(join(ROOT, '.ci/version'), join(folder, '.ci/version'));
    return run(join(folder, '.ci/version'), args);
  }

  test('prints the newest version, and its notes', async () => {
    expect(await version({}, 'v1.2.3')).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    expect((await version({}, '--notes', 'v1.2.3')).stdout).toBe('### Added\n\n- New.\n\n');
  });

  test('accepts a pre-release', async () => {
    const preRelease = (text: string): string => text.replaceAll('1.2.3', '2.0.0-rc.1');
    const edit = Object.fromEntries(
      ['CHANGELOG.md', 'package.json', 'package-lock.json', 'helm/gatehouse/Chart.yaml'].map((file) => [
        file,
        preRelease,
      ]),
    );
    expect(await version(edit, 'v2.0.0-rc.1')).toMatchObject({ code: 0, stdout: '2.0.0-rc.1\n' });
  });

  test.each([
    ['another tag', 'v1.2.4', {}, 'tag v1.2.3'],
    [
      'unreleased changes',
      'v1.2.3',
      { 'CHANGELOG.md': (text: string) => text.replace('[Unreleased]\n', '[Unreleased]\n\n- More.\n') },
      'unreleased changes',
    ],
    [
      'another version in package.json',
      'v1.2.3',
      { 'package.json': (text: string) => text.replace('1.2.3', '1.2.2') },
      'package.json is "1.2.2"',
    ],
    [
      'another version in the lock file',
      'v1.2.3',
      { 'package-lock.json': (text: string) => text.replace('1.2.3', '1.2.2') },
      'package-lock.json is "1.2.2"',
    ],
    [
      'another version of the chart',
      'v1.2.3',
      {
        'helm/gatehouse/Chart.yaml': (text: string) => text.replace('appVersion: 1.2.3', 'appVersion: 1.2.2'),
      },
      'appVersion of helm/gatehouse/Chart.yaml is "1.2.2"',
    ],
    ['no version', 'v1.2.3', { 'CHANGELOG.md': () => '# Changelog\n' }, 'no section of a version'],
  ])('refuses %s', async (_case, tag, edit, message) => {
    const { code, stdout, stderr } = await version(edit, tag);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('the version of this repository is consistent', async () => {
    expect(await run(join(ROOT, '.ci/version'), [])).toMatchObject({
      code: 0,
      stdout: `${MANIFEST.version}\n`,
    });
  });
});

needs('docker-registry').test('.ci/publish-chart pushes a chart that runs the published image', async () => {
  const registry = keep(await startRegistry());
  const home = keep(temporaryFolder('release-chart')).path;
  const helm = await helmBinary();
  const env = { PATH: process.env['PATH'], HOME: home, HELM: helm };
  const image = 'registry.example.com/acme/gatehouse';
  const target = `oci://${registry.host}/acme/gatehouse/charts`;
  const { code, stdout, stderr } = await run(
    join(ROOT, '.ci/publish-chart'),
    [image, target, '--plain-http'],
    { env },
  );
  expect({ code, stdout, stderr }).toExitWith(0);
  const digest = stdout.trim();
  const stored = await fetch(
    `${registry.url}/v2/acme/gatehouse/charts/gatehouse/manifests/${MANIFEST.version}`,
    { headers: { Accept: 'application/vnd.oci.image.manifest.v1+json' } },
  );
  expect(stored.headers.get('Docker-Content-Digest')).toBe(digest);
  const args = ['template', 'edge', `${target}/gatehouse`, '--version', MANIFEST.version, '--plain-http'];
  const values = ['--values', join(CHART, 'ci/minimal-values.yaml')];
  const rendered = await run(helm, [...args, ...values], { env, cwd: home });
  expect(rendered.stdout, rendered.stderr).toContain(`image: ${image}:${MANIFEST.version}`);
});

test('.ci/sbom lists the packages of the image', async () => {
  const { code, stdout, stderr } = await run(join(ROOT, '.ci/sbom'), []);
  expect({ code, stdout, stderr }).toExitWith(0);
  const sbom = JSON.parse(stdout) as {
    readonly bomFormat: string;
    readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
    readonly components: readonly { readonly name: string }[];
  };
  expect(sbom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'gatehouse', version: MANIFEST.version } },
  });
  const names = sbom.components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.keys(MANIFEST.dependencies)));
  expect(names).not.toContain('vitest');
}, 120_000);
