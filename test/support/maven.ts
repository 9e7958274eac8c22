import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { startNginx, type Nginx } from './nginx.ts';
import { run, type Outcome } from './run.ts';
import { findTool, missingTools } from './tools.ts';

/** What mvn does here is done by plugins, which `.ci/run` fetches the way mvn is set up to fetch. */
const PLUGINS = { deploy: '3.1.4', dependency: '3.6.1' } as const;
const FETCHED = join(homedir(), '.m2/repository');

export const DEPLOY_FILE = goal('deploy', 'deploy-file');
export const GET = goal('dependency', 'get');

/** What a test with mvn lacks, and how to come by it; undefined where it is all there. */
export function missingMaven(): string | undefined {
  const missing = missingTools(['mvn', 'nginx']);
  if (missing !== undefined) return missing;
  const there = Object.entries(PLUGINS).every(([name, version]) =>
    existsSync(
      join(
        FETCHED,
        `org/apache/maven/plugins/maven-${name}-plugin/${version}/maven-${name}-plugin-${version}.jar`,
      ),
    ),
  );
  const goals = Object.keys(PLUGINS).map((name) => goal(name as keyof typeof PLUGINS, 'help'));
  return there ? undefined : `plugins of mvn not fetched: mvn ${goals.join(' ')}`;
}

function goal(plugin: keyof typeof PLUGINS, name: string): string {
  return `org.apache.maven.plugins:maven-${plugin}-plugin:${PLUGINS[plugin]}:${name}`;
}

/** nginx as a repository: it takes what is put, for whoever has its password. */
export function startMavenRepository(username: string, password: string): Promise<Nginx> {
  return startNginx(
    ['authorization', 'job-token', 'deploy-token', 'private-token', 'x-auth-identity'],
    (folder) => {
      mkdirSync(join(folder, 'files'));
      writeFileSync(join(folder, 'users'), `${username}:{PLAIN}${password}\n`);
      return (
        `root ${folder}/files; dav_methods PUT DELETE; create_full_put_path on; client_max_body_size 0; ` +
        `auth_basic repository; auth_basic_user_file ${folder}/users;`
      );
    },
  );
}

/** How a settings.xml has what is presented: user name and password, or headers. */
export type MavenCredential =
  | { readonly username: string; readonly password: string }
  | { readonly header: string; readonly value: string };

export interface Maven {
  /** One goal to its end; nothing but plugins is in its local repository before. */
  run(credential: MavenCredential | undefined, ...args: readonly string[]): Promise<Outcome>;
}

/** mvn with settings of its own, for a repository that they call `gatehouse`. Nothing is fetched from anywhere else. */
export function createMaven(folder: string, url: string): Maven {
  const settingsFile = join(folder, 'settings.xml');
  const local = join(folder, 'local');
  return {
    run(credential, ...args) {
      writeFileSync(settingsFile, settings(url, credential));
      rmSync(join(local, 'com/acme'), { recursive: true, force: true });
      return run(
        findTool('mvn') ?? 'mvn',
        ['-B', '-ntp', '-s', settingsFile, `-Dmaven.repo.local=${local}`, ...args],
        // Short runs: what the compiler would gain, it costs.
        { cwd: folder, env: { ...process.env, HOME: folder, MAVEN_OPTS: '-XX:TieredStopAtLevel=1' } },
      );
    },
  };
}

function settings(url: string, credential: MavenCredential | undefined): string {
  return `<settings>
  <mirrors><mirror><id>fetched</id><mirrorOf>central</mirrorOf><url>file://${FETCHED}</url></mirror></mirrors>
  <servers>${credential === undefined ? '' : server(credential)}</servers>
  <profiles><profile>
    <id>gatehouse</id>
    <repositories><repository><id>gatehouse</id><url>${url}</url></repository></repositories>
  </profile></profiles>
  <activeProfiles><activeProfile>gatehouse</activeProfile></activeProfiles>
</settings>
`;
}

function server(credential: MavenCredential): string {
  const how =
    'header' in credential
      ? `<configuration><httpHeaders><property><name>${credential.header}</name><value>${credential.value}</value></property></httpHeaders></configuration>`
      : `<username>${credential.username}</username><password>${credential.password}</password>`;
  return `<server><id>gatehouse</id>${how}</server>`;
}
