/** dnf, and a repository of createrepo_c in nginx, through a service of type `rpm`. */
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createDnf, type Dnf, type DnfLogin } from '../support/dnf.ts';
import { snippet } from '../support/docs.ts';
import { needs } from '../support/needs.ts';
import { expectNoneBetween, expectOwnCredential, startPackageTree } from '../support/package-tree.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import { buildRpm, createRpmRepository, RPM_TOOLS, rpmsBelow } from '../support/rpm-repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';

needs('curl', 'dnf', 'nginx', ...RPM_TOOLS).describe('dnf', () => {
  let dnf: Dnf;
  const files = new Map<string, string>();

  const scenario = useJobScenario({
    backends: () => ({ tree: startPackageTree }),
    config: ({ gitlab, tree }) =>
      packagesConfig(gitlab.url, [
        {
          type: 'rpm',
          name: 'rpms',
          resources: ['acme*', 'libacme++'],
          readable: ['acme*'],
          upstream: basicUpstream(tree),
        },
      ]),
  });

  beforeAll(async () => {
    const { folder, tree } = scenario;
    for (const name of ['acme-tools', 'acme-new', 'libacme++', 'other'])
      files.set(name, await buildRpm(folder, name));
    await createRpmRepository(tree.folder, ['acme-tools', 'libacme++', 'other'].map(fileOf));
    const repomd = readFileSync(join(tree.folder, 'repodata/repomd.xml'));
    const [mirror, foreign] = [tree.url, 'http://127.0.0.1:9'].map(
      (base) => `<url protocol="http" type="http" preference="100">${base}/repodata/repomd.xml</url>`,
    );
    writeFileSync(
      join(tree.folder, 'metalink'),
      `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="repomd.xml">
<size>${repomd.length}</size>
<verification><hash type="sha256">${hash('sha256', repomd)}</hash></verification>
<resources maxconnections="1">${foreign}${mirror}</resources>
</file></files></metalink>
`,
    );
    writeFileSync(join(tree.folder, 'mirrorlist'), `# acme\nhttp://127.0.0.1:9/\n${tree.url}/\n`);
    writeFileSync(
      join(tree.folder, 'acme.repo'),
      `[acme]\nname=Acme\nbaseurl=${tree.url}\ngpgkey=${tree.url}/repository.key\n`,
    );
    dnf = createDnf(join(folder, 'dnf'));
  }, 60_000);

  const fileOf = (name: string): string => files.get(name) ?? '';
  const url = (): string => `${scenario.gateway.url}/rpms/`;
  const base = (): string => `baseurl=${url()}`;
  const job = (): DnfLogin => ({ username: 'gitlab-ci-token', secret: scenario.job.token });
  const edge: DnfLogin = { username: 'edge', secret: DEPLOY_SECRET };

  function expectReceived(outcome: Outcome, name: string): void {
    expect(outcome).toExitWith(0);
    const [received = '', ...more] = rpmsBelow(dnf.cache);
    expect(more).toEqual([]);
    expect(readFileSync(received).equals(readFileSync(fileOf(name)))).toBe(true);
  }

  test('downloads a package with every kind of credential', async () => {
    for (const login of [{ username: 'oidc', secret: scenario.job.idToken() }, job(), edge])
      expectReceived(await dnf.download(login, base(), 'acme-tools'), 'acme-tools');
    expectReceived(await dnf.download(job(), base(), 'libacme++'), 'libacme++');
  }, 60_000);

  test.each(['metalink', 'mirrorlist'])(
    'finds packages through a %s, whose mirrors on other servers are removed',
    async (kind) => {
      expectReceived(await dnf.download(edge, `${kind}=${url()}${kind}`, 'acme-tools'), 'acme-tools');
    },
  );

  test('a .repo file names the gateway; HEAD and ranges are forwarded', async () => {
    const get = (...args: readonly string[]) =>
      run('curl', ['--silent', '--show-error', '--fail', '--user', `edge:${DEPLOY_SECRET}`, ...args]);
    const file = await get(`${url()}acme.repo`);
    expect(file.stdout).toBe(
      `[acme]\nname=Acme\nbaseurl=${url().slice(0, -1)}\ngpgkey=${url()}repository.key\n`,
    );
    const path = `${url()}Packages/acme-tools-1.0-1.noarch.rpm`;
    const size = readFileSync(fileOf('acme-tools')).length;
    expect((await get('--head', path)).stdout).toContain(`Content-Length: ${size}`);
    expect((await get('--include', '--range', '0-3', path)).stdout).toMatch(/^HTTP\/1\.1 206 /);
  });

  test('prints the status of a refusal, and repetitions of a credential do not exhaust the limit', async () => {
    const wrong = { ...edge, secret: `${DEPLOY_SECRET.slice(0, -1)}0` };
    for (const login of [wrong, wrong, undefined])
      expectDocumented('dnf', 'dnf install, index file', await dnf.download(login, base(), 'acme-tools'));
    expectDocumented('dnf', 'dnf install, package', await dnf.download(edge, base(), 'other'));
    expectReceived(await dnf.download(edge, base(), 'acme-tools'), 'acme-tools');
  }, 60_000);

  function publish(file: string, path: string): Promise<Outcome> {
    const [, ...args] = snippet('docs/guides/rpm.md', 'Publish packages', 'publish')
      .replaceAll('"', '')
      .replace('$CI_JOB_TOKEN', scenario.job.token)
      .replace('acme-1.0-1.noarch.rpm', file)
      .replace('https://gateway.example.com/rpms/Packages/', `${url()}${path}`)
      .trim()
      .split(' ');
    return run('curl', ['--silent', '--show-error', ...args]);
  }

  test('publishes packages of rpmbuild under their own names only', async () => {
    const name = basename(fileOf('acme-new'));
    for (const path of [`Packages/${name}`, 'el9/upload']) {
      const published = await publish(fileOf('acme-new'), path);
      expect(published).toExitWith(0);
      const stored = readFileSync(join(scenario.tree.folder, path));
      expect(stored.equals(readFileSync(fileOf('acme-new')))).toBe(true);
    }
    for (const [file, path, reason] of [
      ['other', 'Packages/other-1.0-1.noarch.rpm', 'resource_not_granted'],
      ['other', 'upload', 'resource_not_granted'],
      ['other', 'Packages/acme-1.0-1.noarch.rpm', 'request_malformed'],
      ['acme-new', 'repodata/repomd.xml', 'resource_not_granted'],
    ] as const) {
      const refused = await publish(fileOf(file), path);
      expect(refused).toExitWith(22);
      expect(refused.stdout).toContain(reason);
    }
    expect(await publish(fileOf('acme-new'), 'el10/upload')).toExitWith(0);
    await expectNoneBetween(scenario.tree, '/el9/upload', '/el10/upload');
  });

  test('no client credential reaches the repository', () => {
    expectOwnCredential(scenario.tree, [scenario.job.token, DEPLOY_SECRET, btoa(`edge:${DEPLOY_SECRET}`)]);
  });
});
