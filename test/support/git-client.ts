import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Outcome } from './run.ts';

/** git, with a home of its own in `folder`, so that nothing of this machine is seen and nobody is asked for a password. */
export interface GitClient {
  readonly home: string;
  /** In the home, or in a folder below it. */
  run(
    args: readonly string[],
    options?: { readonly in?: string; readonly env?: NodeJS.ProcessEnv },
  ): Promise<Outcome>;
  /** As `run`; fails where git does. */
  ok(
    args: readonly string[],
    options?: { readonly in?: string; readonly env?: NodeJS.ProcessEnv },
  ): Promise<Outcome>;
}

export function gitClient(home: string): GitClient {
  mkdirSync(home, { recursive: true });
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'ci',
    GIT_AUTHOR_EMAIL: 'ci@example.com',
    GIT_COMMITTER_NAME: 'ci',
    GIT_COMMITTER_EMAIL: 'ci@example.com',
  };
  const git: GitClient['run'] = (args, options = {}) =>
    run('git', args, { cwd: join(home, options.in ?? ''), env: { ...env, ...options.env } });
  return {
    home,
    run: git,
    async ok(args, options) {
      const outcome = await git(args, options);
      if (outcome.code !== 0) throw new Error(`git ${args.join(' ')}:\n${outcome.stdout}${outcome.stderr}`);
      return outcome;
    },
  };
}
