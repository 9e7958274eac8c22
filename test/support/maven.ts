import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { snippet } from './docs.ts';
import { run, type Outcome } from './run.ts';
import { findTool, missingTools } from './tools.ts';

/** What mvn does here is done by plugins, which `.ci/run` fetches the way mvn is set up to fetch. */
const PLUGINS = { deploy: '3.1.4', dependency: '3.6.1' } as const;
const FETCHED = join(homedir(), '.m2/repository');

export const DEPLOY_FILE = goal('deploy', 'deploy-file');
export const DEPLOY = goal('deploy', 'deploy');
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

export interface MavenCredential {
  readonly secret: string;
  /** Basic: the secret is the password. */
  readonly username?: string;
  /** In their place; `Authorization` has the secret behind `Bearer`. */
  readonly header?: string;
}

export interface Maven {
  /** One goal to its end; nothing but plugins is in its local repository before. */
  run(credential: MavenCredential | undefined, ...args: readonly string[]): Promise<Outcome>;
}

/** The plugins in a folder of links. `com.acme`, the group of the tests, is left out: only the service has its artifacts. */
function linkFetched(folder: string): string {
  mkdirSync(join(folder, 'com'), { recursive: true });
  const link = (path: string): void => symlinkSync(join(FETCHED, path), join(folder, path));
  for (const name of readdirSync(FETCHED)) if (name !== 'com') link(name);
  for (const name of readdirSync(join(FETCHED, 'com'))) if (name !== 'acme') link(join('com', name));
  return folder;
}

/** mvn with the documented settings, for a service at this URL. Nothing is fetched from anywhere else. */
export function createMaven(folder: string, url: string): Maven {
  const settingsFile = join(folder, 'settings.xml');
  const local = join(folder, 'local');
  const fetched = linkFetched(join(folder, 'fetched'));
  return {
    run(credential, ...args) {
      writeFileSync(settingsFile, settings(url, fetched, credential));
      rmSync(join(local, 'com/acme'), { recursive: true, force: true });
      return run(
        findTool('mvn') ?? 'mvn',
        ['-B', '-ntp', '-s', settingsFile, `-Dmaven.repo.local=${local}`, ...args],
        {
          cwd: folder,
          env: {
            ...process.env,
            HOME: folder,
            GATEHOUSE_USER: credential?.username ?? '',
            GATEHOUSE_TOKEN: credential?.secret ?? '',
            // The runs are too short for the optimizing compiler to pay off.
            MAVEN_OPTS: '-XX:TieredStopAtLevel=1',
          },
        },
      );
    },
  };
}

/** Gradle with the documented repository: prints the path of what it got. */
export function runGradle(
  folder: string,
  url: string,
  { username = '', secret }: Pick<MavenCredential, 'username' | 'secret'>,
  artifact: string,
): Promise<Outcome> {
  const project = join(folder, 'gradle');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  writeFileSync(
    join(project, 'build.gradle'),
    `${documented('build.gradle', url)}
configurations { fetched }
dependencies { fetched '${artifact}' }
task fetch { doLast { configurations.fetched.files.each { println it } } }
`,
  );
  return run(
    findTool('gradle') ?? 'gradle',
    ['--no-daemon', '--quiet', '--gradle-user-home', join(project, 'home'), 'fetch'],
    {
      cwd: project,
      env: { ...process.env, HOME: project, GATEHOUSE_USER: username, GATEHOUSE_TOKEN: secret },
    },
  );
}

/** A block of the documentation, with the gateway's address. */
export function documented(name: string, url: string): string {
  return snippet('docs/guides/packages.md', 'Maven, Gradle', name).replaceAll(
    'https://gateway.example.com/maven/',
    url,
  );
}

function settings(url: string, fetched: string, credential: MavenCredential | undefined): string {
  const basic = documented('~/.m2/settings.xml', url).replace(
    '<settings>',
    `<settings><mirrors><mirror><id>fetched</id><mirrorOf>central</mirrorOf><url>file://${fetched}</url></mirror></mirrors>`,
  );
  const server = /<server>.*<\/server>/s;
  if (credential === undefined) return basic.replace(server, '');
  if (credential.header === undefined) return basic;
  const value = credential.header === 'Authorization' ? 'Bearer $&' : '$&';
  return basic.replace(server, () =>
    documented('server with a header', url)
      .replace('Job-Token', credential.header ?? '')
      .replace('${env.GATEHOUSE_TOKEN}', value),
  );
}
