/** apt and a flat repository in nginx, through a service of type `generic`. */
import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { snippet } from '../support/docs.ts';
import { startFileTree } from '../support/file-tree.ts';
import { needs } from '../support/needs.ts';
import { run, type Outcome } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';

const SECRET = `ghdt_edge_${'7'.repeat(64)}`;

needs('apt-get', 'dpkg-deb', 'nginx').describe('apt', () => {
  const { test } = needs();
  const { path: folder, close } = temporaryFolder('apt');
  const scenario = useScenario({
    backends: { tree: startFileTree },
    config: ({ tree }) => `
deployTokens:
  edge:
    username: edge
    expires: 2099-01-01
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: debs, scopes: [read_package_registry], resources: ["flat/**"] }]
services:
  debs: { type: generic, path: /debs/, upstream: { url: "http://127.0.0.1:${tree.port}/" } }
`,
  });
  beforeAll(async () => {
    for (const name of ['flat', 'secret']) await publish(name, `acme-${name}`);
  });
  afterAll(close);

  /** A flat repository with one package (sources.list(5)). */
  async function publish(repository: string, name: string): Promise<void> {
    const root = join(folder, name);
    const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Acme <acme@example.com>\nDescription: test\n`;
    mkdirSync(join(root, 'DEBIAN'), { recursive: true });
    writeFileSync(join(root, 'DEBIAN/control'), control);
    const served = join(scenario.tree.folder, repository);
    mkdirSync(served);
    const deb = join(served, `${name}_1.0_all.deb`);
    const built = await run(findTool('dpkg-deb') ?? 'dpkg-deb', ['--root-owner-group', '--build', root, deb]);
    expect(built).toExitWith(0);
    const bytes = readFileSync(deb);
    const packages = `${control}Filename: ./${name}_1.0_all.deb\nSize: ${bytes.length}\nSHA256: ${hash('sha256', bytes)}\n`;
    writeFileSync(join(served, 'Packages'), packages);
    writeFileSync(
      join(served, 'Release'),
      `Suite: ./\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n ${hash('sha256', packages)} ${packages.length} Packages\n`,
    );
  }

  function documented(name: string): string {
    return snippet('docs/guides/packages.md', 'Flat apt repositories', name);
  }

  /** apt-get with separate folders, one source and one credential. */
  async function apt(repository: string, ...args: readonly string[]): Promise<Outcome> {
    const root = join(folder, 'apt');
    rmSync(root, { recursive: true, force: true });
    for (const name of ['etc/auth.conf.d', 'state/lists/partial', 'cache/archives/partial', 'work'])
      mkdirSync(join(root, name), { recursive: true });
    writeFileSync(
      join(root, 'etc/sources.list'),
      documented('/etc/apt/sources.list.d/acme.list').replace(
        'deb https://gateway.example.com/debs/flat',
        `deb [trusted=yes] ${scenario.gateway.url}/debs/${repository}`,
      ),
    );
    writeFileSync(
      join(root, 'etc/auth.conf.d/gatehouse.conf'),
      documented('/etc/apt/auth.conf.d/gatehouse.conf')
        .replace('gateway.example.com', scenario.gateway.url)
        .replace('SECRET', SECRET),
    );
    writeFileSync(join(root, 'state/status'), '');
    const options = [
      `Dir::Etc=${root}/etc`,
      `Dir::State=${root}/state`,
      `Dir::State::status=${root}/state/status`,
      `Dir::Cache=${root}/cache`,
      'Dir::Etc::sourceparts=/dev/null',
      'APT::Sandbox::User=',
      'Acquire::Languages=none',
      'Acquire::Retries=0',
    ].flatMap((option) => ['-o', option]);
    const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: root, APT_CONFIG: '/dev/null' };
    const aptGet = (...command: readonly string[]): Promise<Outcome> =>
      run(findTool('apt-get') ?? 'apt-get', [...options, ...command], { cwd: join(root, 'work'), env });
    const updated = await aptGet('update');
    return args.length === 0 || updated.code !== 0 ? updated : aptGet(...args);
  }

  test('updates from a flat repository and downloads a package', async () => {
    const downloaded = await apt('flat', 'download', 'acme-flat');
    expect(downloaded).toExitWith(0);
    const name = 'acme-flat_1.0_all.deb';
    const file = readFileSync(join(folder, 'apt/work', name));
    expect(file.equals(readFileSync(join(scenario.tree.folder, 'flat', name)))).toBe(true);
    expect(scenario.tree.log()).toContain('GET /flat/Packages 200');
    expect(scenario.tree.log()).not.toContain('/./');
  });

  test('shows the status of a refusal', async () => {
    const refused = await apt('secret');
    expect(refused).not.toExitWith(0);
    expect(refused.stderr).toContain('403');
    expect(scenario.tree.log()).not.toContain('/secret');
  });
});
