import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snippet } from './docs.ts';
import { npmEnvironment } from './npm-environment.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';
import type { FeedCredential, FeedScenario } from './scenario/feed.ts';

export type NpmClient = 'npm' | 'pnpm' | 'yarn';

export const NPM_CLIENTS: readonly NpmClient[] = ['npm', 'pnpm', 'yarn'];

const PAGE = 'docs/guides/packages.md';
const SECTION = 'npm, pnpm, yarn';

/** A project with a separate home and the documented configuration. */
export interface NpmProject {
  readonly folder: string;
  /** Runs a client, with this credential or none. */
  run(
    client: NpmClient,
    credential: FeedCredential | undefined,
    ...args: readonly string[]
  ): Promise<Outcome>;
}

export function createNpmProject(
  feed: FeedScenario,
  place: string,
  manifest: Readonly<Record<string, unknown>>,
  npmrc = '~/.npmrc',
): NpmProject {
  const folder = join(feed.folder, place);
  const home = join(feed.folder, `${place}-home`);
  for (const path of [folder, home]) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
  }
  const documented = (name: string): string =>
    snippet(PAGE, SECTION, name).replaceAll('gateway.example.com', feed.host);
  writeFileSync(join(home, '.npmrc'), documented(npmrc));
  writeFileSync(join(folder, '.yarnrc.yml'), `${documented('.yarnrc.yml')}nodeLinker: node-modules\n`);
  // Without one, yarn looks for a project further up.
  writeFileSync(join(folder, 'yarn.lock'), '');
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'index.js'), 'module.exports = 1;\n');
  return {
    folder,
    run(client, credential, ...args) {
      const [file, ...before] = COMMANDS[client];
      const env = {
        ...npmEnvironment(home, feed.caFile),
        YARN_ENABLE_TELEMETRY: '0',
        GATEHOUSE_TOKEN: credential?.secret ?? '',
        GATEHOUSE_USER: credential?.username ?? '',
        GATEHOUSE_PASSWORD_BASE64: Buffer.from(credential?.secret ?? '').toString('base64'),
      };
      return run(file, [...before, ...args], { cwd: folder, env });
    },
  };
}

const COMMANDS: Readonly<Record<NpmClient, readonly [string, ...string[]]>> = {
  npm: ['npm'],
  pnpm: [join(ROOT, 'node_modules/.bin/pnpm')],
  yarn: [process.execPath, join(ROOT, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')],
};
