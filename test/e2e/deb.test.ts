/** apt, and a signed repository of reprepro in nginx, through a service of type `deb`. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createApt, type Apt, type AptLogin } from '../support/apt.ts';
import {
  addByHash,
  buildDeb,
  createDebianRepository,
  createFlatRepository,
  DEBIAN_TOOLS,
} from '../support/debian-repository.ts';
import { controlFile } from '../support/deb-archive.ts';
import { snippet } from '../support/docs.ts';
import { appendWithDifference } from '../support/index-differences.ts';
import { needs } from '../support/needs.ts';
import { expectNoneBetween, expectOwnCredential, startPackageTree } from '../support/package-tree.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import { run, type Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';

needs('apt-get', 'curl', 'nginx', ...DEBIAN_TOOLS).describe('apt', () => {
  let apt: Apt;
  let key: string;
  const files = new Map<string, string>();

  const scenario = useJobScenario({
    backends: () => ({ tree: startPackageTree }),
    config: ({ gitlab, tree }) =>
      packagesConfig(gitlab.url, [
        {
          type: 'deb',
          name: 'debian',
          resources: ['acme*', 'libacme++'],
          readable: ['acme*'],
          upstream: basicUpstream(tree),
        },
      ]),
  });

  beforeAll(async () => {
    const { folder, tree } = scenario;
    for (const [name, compression] of [
      ['acme-tools', 'xz'],
      ['acme-new', 'zstd'],
      ['acme-old', 'gzip'],
      ['libacme++', 'xz'],
      ['other', 'xz'],
    ] as const)
      files.set(name, await buildDeb(folder, name, compression));
    const published = ['acme-tools', 'libacme++', 'other'].map(fileOf);
    key = await createDebianRepository(folder, tree.folder, published);
    addByHash(tree.folder);
    createFlatRepository(join(tree.folder, 'flat'), published);
    apt = createApt(join(folder, 'apt'));
  }, 60_000);

  const fileOf = (name: string): string => files.get(name) ?? '';
  const url = (): string => `${scenario.gateway.url}/debian`;
  const job = (): AptLogin => ({ username: 'gitlab-ci-token', secret: scenario.job.token });
  const edge: AptLogin = { username: 'edge', secret: DEPLOY_SECRET };

  async function download(login: AptLogin | undefined, name: string, options = ''): Promise<Outcome> {
    apt.use({ url: url(), suite: 'stable main', options: `signed-by=${key} ${options}`.trim(), login });
    const updated = await apt.run('update');
    return updated.code === 0 ? apt.run('download', name) : updated;
  }

  const received = (name: string): boolean =>
    readFileSync(join(apt.work, basename(fileOf(name)))).equals(readFileSync(fileOf(name)));

  test('verifies the signature and downloads a package with every kind of credential', async () => {
    for (const login of [{ username: 'oidc', secret: scenario.job.idToken() }, job(), edge]) {
      const downloaded = await download(login, 'acme-tools');
      expect(downloaded).toExitWith(0);
      expect(received('acme-tools')).toBe(true);
    }
  });

  test('downloads a package whose name contains "+", and index files by hash', async () => {
    const downloaded = await download(job(), 'libacme++', 'by-hash=force');
    expect(downloaded).toExitWith(0);
    expect(received('libacme++')).toBe(true);
    expect(scenario.tree.everything()).toContain('/dists/stable/main/binary-amd64/by-hash/SHA256/');
  });

  test('installs from a flat repository', async () => {
    apt.use({ url: `${url()}/flat`, suite: './', options: 'trusted=yes', login: edge });
    const updated = await apt.run('update');
    expect(updated).toExitWith(0);
    const downloaded = await apt.run('download', 'acme-tools');
    expect(downloaded).toExitWith(0);
    expect(received('acme-tools')).toBe(true);
    expect(scenario.tree.everything()).not.toContain('/./');
  });

  test('updates an index by its differences', async () => {
    const served = join(scenario.tree.folder, 'changing');
    createFlatRepository(served, ['acme-tools', 'libacme++', 'other'].map(fileOf));
    apt.use({ url: `${url()}/changing`, suite: './', options: 'trusted=yes', login: job() });
    const first = await apt.run('update');
    expect(first).toExitWith(0);
    appendWithDifference(served, `${controlFile('acme-added')}Filename: ./acme-added_1.0_all.deb\nSize: 1\n`);
    const second = await apt.run('update');
    expect(second).toExitWith(0);
    const requested = scenario.tree.everything().matchAll(/"uri":"\/changing\/(Packages[^"]*)"/g);
    expect([...requested].map(([, path]) => path)).toEqual([
      'Packages',
      'Packages.diff/Index',
      'Packages.diff/2026-01-02-0000.00.gz',
    ]);
    expect((await apt.run('download', '--print-uris', 'acme-added')).stdout).toContain('acme-added');
  });

  test('shows the reason of a refusal', async () => {
    const mistaken = { username: 'oidc', secret: scenario.job.idToken({ aud: 'another' }) };
    expectDocumented('apt', 'apt-get update', await download(mistaken, 'acme-tools'));
    expectDocumented('apt', 'apt-get download', await download(edge, 'other'));
    for (const [login, reason] of [
      [{ ...edge, secret: `${DEPLOY_SECRET}0` }, '(credential_invalid)'],
      [undefined, '(no_credential)'],
    ] as const)
      expect((await download(login, 'acme-tools')).stderr).toContain(reason);
  });

  function publish(file: string, path: string, secret = scenario.job.token): Promise<Outcome> {
    const [, ...args] = snippet('docs/guides/deb.md', 'Publish packages', 'publish')
      .replaceAll('"', '')
      .replace('$CI_JOB_TOKEN', secret)
      .replace('acme_1.0_all.deb', file)
      .replace('https://gateway.example.com/debian/pool/main/a/acme/', `${url()}/${path}`)
      .trim()
      .split(' ');
    return run('curl', ['--silent', '--show-error', ...args]);
  }

  test('publishes packages of dpkg-deb in every compression, under their own names only', async () => {
    for (const name of ['acme-tools', 'acme-new', 'acme-old']) {
      const path = `pool/main/a/${name}/${basename(fileOf(name))}`;
      const published = await publish(fileOf(name), path);
      expect(published).toExitWith(0);
      expect(readFileSync(join(scenario.tree.folder, path)).equals(readFileSync(fileOf(name)))).toBe(true);
    }
    const upload = await publish(fileOf('acme-new'), 'pool/stable/main/upload');
    expect(upload).toExitWith(0);
    for (const [name, path, reason] of [
      ['other', 'pool/main/o/other/other_1.0_all.deb', 'resource_not_granted'],
      ['other', 'pool/stable/main/upload', 'resource_not_granted'],
      ['other', 'pool/main/a/acme/acme_1.0_all.deb', 'request_malformed'],
      ['acme-new', 'pool/main/a/README', 'resource_not_granted'],
    ] as const) {
      const refused = await publish(fileOf(name), path);
      expect(refused).toExitWith(22);
      expect(refused.stdout).toContain(reason);
    }
    expect(await publish(fileOf('acme-new'), 'pool/last/main/upload')).toExitWith(0);
    await expectNoneBetween(scenario.tree, '/pool/stable/main/upload', '/pool/last/main/upload');
  });

  test('no client credential reaches the repository', () => {
    expectOwnCredential(scenario.tree, [scenario.job.token, DEPLOY_SECRET, btoa(`edge:${DEPLOY_SECRET}`)]);
  });
});
