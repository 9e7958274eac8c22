import { formatProblem, type Config, type DelegatedFile, type LoadResult } from '../../config/serving.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { labelNamesOf, type ApplicationScope } from '../application-scope.ts';
import { collectSoon } from '../../util/resources/collect-soon.ts';
import { keysForRestart } from '../restart.ts';

/** The result of the last reload, reported by the admin listener. */
export interface ReloadStatus {
  readonly ok: boolean;
  /** RFC 3339; null before the first reload. */
  readonly at: string | null;
  /** Changed keys that take effect after a restart. */
  readonly restartNeeded: readonly string[];
  /** The delegated files whose current version is not active. */
  readonly delegated: readonly DelegatedStatus[];
}

export interface DelegatedStatus {
  readonly file: string;
  /** `previous`: the last valid version is active; `omitted`: no version is. */
  readonly state: DelegatedFile['state'];
  readonly problems: readonly string[];
}

/** Loads a configuration; `active` is the one that it replaces. */
export type LoadNext = (active: Config) => LoadResult | Promise<LoadResult>;

export interface Reloads {
  /** Loads and activates a configuration atomically. Reloads run one at a time. Never rejects. */
  reload(load: LoadNext): Promise<boolean>;
  status(): ReloadStatus;
}

/** `replace` activates a configuration; if it rejects, the previous one stays active. */
export function createReloads(
  started: Config,
  { log, telemetry, clock }: Pick<ApplicationScope, 'log' | 'telemetry' | 'clock'>,
  replace: (config: Config) => Promise<void>,
): Reloads {
  let status: ReloadStatus = { ok: true, at: null, restartNeeded: [], delegated: [] };
  let active = started;
  let lastReported = '';
  let queue: Promise<boolean> = Promise.resolve(true);

  async function run(load: LoadNext): Promise<boolean> {
    const problems = await attempt(load);
    const now = clock.now();
    const ok = problems.length === 0;
    const restartNeeded = ok ? keysForRestart(started, active) : status.restartNeeded;
    const delegated = ok ? active.delegated.files.filter(isFaulty).map(toStatus) : status.delegated;
    status = { ok, at: new Date(now).toISOString(), restartNeeded, delegated };
    telemetry.delegatedFiles(active.delegated.files);
    telemetry.configReloaded(ok, active.hash, now, labelNamesOf(active));
    if (ok) {
      lastReported = '';
      // The previous configuration is garbage now, or when its requests have finished.
      collectSoon();
      log.info('configuration reloaded', { hash: active.hash });
      logDelegated(log, delegated);
      if (restartNeeded.length > 0) {
        log.warn('some changed keys take effect only after a restart', { keys: restartNeeded.join(' ') });
      }
    } else if (lastReported !== problems.join()) {
      // Retries report the same problems once.
      lastReported = problems.join();
      logProblems(log, problems, active.hash);
    }
    return ok;
  }

  /** Returns the problems; none if the configuration is active now. */
  async function attempt(load: LoadNext): Promise<readonly string[]> {
    try {
      const loaded = await load(active);
      if (loaded.kind === 'invalid') return loaded.problems.map(formatProblem);
      await replace(loaded.config);
      active = loaded.config;
      for (const warning of loaded.warnings) {
        if (warning.severity === 'note') continue;
        log.warn('configuration warning', { warning: formatProblem(warning) });
      }
      return [];
    } catch (error) {
      // Other errors can quote file content.
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

function isFaulty({ state }: DelegatedFile): boolean {
  return state !== 'current';
}

function toStatus({ file, state, problems }: DelegatedFile): DelegatedStatus {
  return { file, state, problems: problems.slice(0, MAX_LOGGED_PROBLEMS).map(formatProblem) };
}

function logDelegated(log: Log, files: readonly DelegatedStatus[]): void {
  for (const { file, state, problems } of files) {
    const effect = state === 'previous' ? 'its last valid version stays active' : 'it is left out';
    log.error(`a delegated file is invalid; ${effect}`, { file });
    for (const problem of problems) log.error('configuration problem', { problem });
  }
}

/** Logs one line per problem, so that each text starts with `file:line:column`. */
function logProblems(log: Log, problems: readonly string[], hash: string): void {
  log.error('configuration not reloaded; the last valid one stays active', {
    hash,
    problems: problems.length,
  });
  for (const problem of problems.slice(0, MAX_LOGGED_PROBLEMS))
    log.error('configuration problem', { problem });
}

const MAX_LOGGED_PROBLEMS = 20;
