import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snippet } from './docs.ts';
import { run, type Outcome } from './run.ts';
import { findTool } from './tools.ts';

export interface DnfLogin {
  readonly username: string;
  readonly secret: string;
}

/** dnf with separate folders below `root`. */
export interface Dnf {
  /** Runs dnf without a cache. `repository`: lines of the .repo file in place of its `baseurl`. */
  run(login: DnfLogin | undefined, repository: string, ...args: readonly string[]): Promise<Outcome>;
  /** Downloads a package. */
  download(login: DnfLogin | undefined, repository: string, name: string): Promise<Outcome>;
  /** The folder of downloaded files. */
  readonly cache: string;
}

export function createDnf(root: string): Dnf {
  const cache = join(root, 'cache');

  function runDnf(
    login: DnfLogin | undefined,
    repository: string,
    ...args: readonly string[]
  ): Promise<Outcome> {
    rmSync(root, { recursive: true, force: true });
    for (const name of ['repos', 'cache', 'log', 'root']) mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'dnf.conf'), '[main]\n');
    const documented = snippet('docs/guides/rpm.md', 'Install packages', '/etc/yum.repos.d/acme.repo')
      .replace(/^baseurl=.*$/m, () => repository)
      .replace(/^gpgcheck=1\ngpgkey=.*$/m, 'gpgcheck=0');
    writeFileSync(
      join(root, 'repos/acme.repo'),
      login === undefined ? documented.replaceAll(/^(?:username|password)=.*\n/gm, '') : documented,
    );
    const options = [
      `reposdir=${root}/repos`,
      `cachedir=${cache}`,
      `persistdir=${root}/persist`,
      `logdir=${root}/log`,
      'pluginpath=/nonexistent',
    ].map((option) => `--setopt=${option}`);
    return run(
      findTool('dnf') ?? 'dnf',
      [
        '-y',
        `--config=${root}/dnf.conf`,
        ...options,
        '--releasever=1',
        `--installroot=${root}/root`,
        ...args,
      ],
      {
        env: {
          PATH: process.env['PATH'],
          LANG: 'C.UTF-8',
          HOME: root,
          DNF_VAR_gatehouse_user: login?.username ?? '',
          DNF_VAR_gatehouse_token: login?.secret ?? '',
        },
      },
    );
  }

  return {
    cache,
    run: runDnf,
    download: (login, repository, name) => runDnf(login, repository, 'install', '--downloadonly', name),
  };
}
