import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that tests and the bench run, and the Debian package that brings each. `.ci/run` installs them all. */
export const TOOL_PACKAGES = {
  'apt-get': 'apt',
  buildah: 'buildah',
  bundle: 'ruby-bundler',
  busybox: 'busybox',
  chromium: 'chromium',
  containerd: 'containerd',
  ctr: 'containerd',
  curl: 'curl',
  createrepo_c: 'createrepo-c',
  dash: 'dash',
  dnf: 'dnf',
  docker: 'docker.io',
  dockerd: 'docker.io',
  'docker-compose': 'docker-compose',
  'docker-registry': 'docker-registry',
  'dpkg-deb': 'dpkg',
  gem: 'ruby',
  git: 'git',
  'git-lfs': 'git-lfs',
  go: 'golang-go',
  gpg: 'gnupg',
  gpgconf: 'gpgconf',
  gpgv: 'gpgv',
  gradle: 'gradle',
  haproxy: 'haproxy',
  htpasswd: 'apache2-utils',
  jq: 'jq',
  logrotate: 'logrotate',
  mono: 'mono-runtime',
  mvn: 'maven',
  nginx: 'nginx-light',
  openssl: 'openssl',
  podman: 'podman',
  prlimit: 'util-linux',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  ps: 'procps',
  'redis-server': 'redis-server',
  reprepro: 'reprepro',
  rpm: 'rpm',
  rpmbuild: 'rpm',
  script: 'bsdutils',
  setpriv: 'util-linux',
  skopeo: 'skopeo',
  sqlite3: 'sqlite3',
  'systemd-analyze': 'systemd',
  taskset: 'util-linux',
  unshare: 'util-linux',
  wget: 'wget',
  wrk: 'wrk',
} as const satisfies Record<string, string>;

export type Tool = keyof typeof TOOL_PACKAGES;

type Environment = Readonly<Record<string, string | undefined>>;

/** Servers are in sbin, which is missing from the PATH of ordinary users. */
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The absolute path of a program, or undefined where it is not installed. */
export function findTool(tool: Tool, environment: Environment = process.env): string | undefined {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...SERVER_FOLDERS].map((folder) => join(folder, tool)).find(isExecutable);
}

/** What to say when some are missing; undefined when none is. */
export function missingTools(
  tools: readonly Tool[],
  find: (tool: Tool) => string | undefined = findTool,
): string | undefined {
  const missing = tools.filter((tool) => find(tool) === undefined);
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((tool) => TOOL_PACKAGES[tool]))];
  return `${missing.join(', ')} not installed: apt-get install ${packages.join(' ')}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
