import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snippet } from './docs.ts';
import { run, type Outcome } from './run.ts';
import { findTool } from './tools.ts';

/** The account for `auth.conf.d`. */
export interface AptLogin {
  readonly username: string;
  readonly secret: string;
}

export interface AptSource {
  /** Of the service, without a slash at its end. */
  readonly url: string;
  /** Suite and component, or the path of a flat repository. */
  readonly suite: string;
  /** Options of the source, such as `trusted=yes`. */
  readonly options: string;
  readonly login: AptLogin | undefined;
}

/** apt-get with separate folders below `root`, and the documented files. */
export interface Apt {
  /** Writes the source, and removes what earlier commands stored. */
  use(source: AptSource): void;
  run(...args: readonly string[]): Promise<Outcome>;
  /** The folder to which `download` writes. */
  readonly work: string;
}

const PAGE = 'docs/guides/deb.md';

export function createApt(root: string): Apt {
  const work = join(root, 'work');
  return {
    work,
    use({ url, suite, options, login }) {
      rmSync(root, { recursive: true, force: true });
      for (const name of ['etc/auth.conf.d', 'state/lists/partial', 'cache/archives/partial', 'work'])
        mkdirSync(join(root, name), { recursive: true });
      writeFileSync(join(root, 'state/status'), '');
      const source = snippet(PAGE, 'Install packages', '/etc/apt/sources.list.d/acme.list')
        .replace('signed-by=/etc/apt/keyrings/acme.gpg', options)
        .replace('https://gateway.example.com/debian', url)
        .replace('SUITE COMPONENT', suite);
      writeFileSync(join(root, 'etc/sources.list'), source);
      if (login === undefined) return;
      const account = snippet(PAGE, 'Install packages', '/etc/apt/auth.conf.d/gatehouse.conf')
        .replace('gateway.example.com/debian', url)
        .replace('gitlab-ci-token', login.username)
        .replace('TOKEN', login.secret);
      writeFileSync(join(root, 'etc/auth.conf.d/gatehouse.conf'), account);
    },
    run(...args) {
      const options = [
        `Dir::Etc=${root}/etc`,
        `Dir::State=${root}/state`,
        `Dir::State::status=${root}/state/status`,
        `Dir::Cache=${root}/cache`,
        'Dir::Etc::sourceparts=/dev/null',
        'APT::Architecture=amd64',
        'APT::Sandbox::User=',
        'Acquire::Languages=none',
        'Acquire::Retries=0',
      ].flatMap((option) => ['-o', option]);
      const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: root, APT_CONFIG: '/dev/null' };
      return run(findTool('apt-get') ?? 'apt-get', [...options, ...args], { cwd: work, env });
    },
  };
}
