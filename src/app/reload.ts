import { formatProblem, type Config, type LoadResult } from '../config/index.ts';
import { GatehouseError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { namesOf, type ApplicationScope } from './application-scope.ts';
import { keysForRestart } from './restart.ts';

/** How the last reload went; for the admin listener. */
export interface ReloadStatus {
  readonly ok: boolean;
  /** RFC 3339; null before the first one. */
  readonly at: string | null;
  /** Keys that differ from what the process was started with, and count from its next start on. */
  readonly restartNeeded: readonly string[];
}

export interface Reloads {
  /** Loads, and puts in force what it got, whole or not at all. Never rejects; one after the other. */
  reload(load: () => LoadResult): Promise<boolean>;
  status(): ReloadStatus;
}

/** `replace` makes the new one and swaps; where it rejects, nothing has changed. */
export function createReloads(
  started: Config,
  { log, telemetry, clock }: Pick<ApplicationScope, 'log' | 'telemetry' | 'clock'>,
  replace: (config: Config) => Promise<void>,
): Reloads {
  let status: ReloadStatus = { ok: true, at: null, restartNeeded: [] };
  let inForce = started;
  let told = '';
  let queue: Promise<boolean> = Promise.resolve(true);

  async function run(load: () => LoadResult): Promise<boolean> {
    const problems = await attempt(load);
    const now = clock.now();
    const ok = problems.length === 0;
    const restartNeeded = ok ? keysForRestart(started, inForce) : status.restartNeeded;
    status = { ok, at: new Date(now).toISOString(), restartNeeded };
    telemetry.configReloaded(ok, inForce.hash, now, namesOf(inForce));
    if (ok) {
      told = '';
      log.info('configuration reloaded', { hash: inForce.hash });
      if (restartNeeded.length > 0) {
        log.warn('some changed keys count only after a restart', { keys: restartNeeded.join(' ') });
      }
    } else if (told !== problems.join()) {
      // What is tried again and again is told of once.
      told = problems.join();
      sayProblems(log, problems, inForce.hash);
    }
    return ok;
  }

  /** What is wrong; nothing where it is in force now. */
  async function attempt(load: () => LoadResult): Promise<readonly string[]> {
    try {
      const loaded = load();
      if (!loaded.ok) return loaded.problems.map(formatProblem);
      await replace(loaded.config);
      inForce = loaded.config;
      for (const warning of loaded.warnings) {
        log.warn('configuration warning', { warning: formatProblem(warning) });
      }
      return [];
    } catch (error) {
      // Ours say what to do; others may quote what they read.
      return [error instanceof GatehouseError ? error.message : 'unexpected error'];
    }
  }

  return {
    reload(load) {
      queue = queue.then(() => run(load));
      return queue;
    },
    status: () => status,
  };
}

/** One line each, so that `file:line:column` stands at the start of a text. */
function sayProblems(log: Log, problems: readonly string[], hash: string): void {
  log.error('configuration not reloaded, the last good one stays', { hash, problems: problems.length });
  for (const problem of problems.slice(0, MOST_TOLD)) log.error('configuration problem', { problem });
}

const MOST_TOLD = 20;
