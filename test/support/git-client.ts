import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Outcome } from './run.ts';

/** git with a home in `folder`, isolated from the configuration of this machine and without password prompts. */
export interface GitClient {
  readonly home: string;
  /** Working directory: the home, or a folder below it. */
  run(
    args: readonly string[],
    options?: { readonly in?: string; readonly env?: NodeJS.ProcessEnv },
  ): Promise<Outcome>;
  /** Like `run`; throws if git fails. */
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
  const git: GitClient['run'] = (args, options = {}) => {
    const date = `${nextDate()} +0000`;
    const dates = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    return run('git', args, { cwd: join(home, options.in ?? ''), env: { ...env, ...dates, ...options.env } });
  };
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

let seconds = 1_790_000_000;

/** Git orders commits by seconds, so each command has a later date than all commands before it. */
function nextDate(): number {
  seconds += 1;
  return seconds;
}
