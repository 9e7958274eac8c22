import { compileAuthorizer, type Authorizer } from '../../policy/index.ts';
import {
  formatProblem,
  loadConfigOffThread,
  NO_DELEGATED_FILES,
  watchConfig,
  type Config,
  type LoadResult,
} from '../../config/index.ts';
import type { CandidateEvaluation } from '../../core/candidate.ts';
import { GatehouseError } from '../../core/errors.ts';
import { runInSlices } from '../../util/async/steps.ts';
import type { CandidatePorts, CandidateStatus } from './candidate-ports.ts';
import { createCandidateEvaluation } from './candidate.ts';
import { createCandidatePolicy, type CandidatePolicy } from './candidate-policy.ts';

/** The candidate policy at one path. */
export interface LoadedCandidate {
  readonly evaluation: CandidateEvaluation;
  /** The configuration whose routes and issuers apply. */
  activate(active: Config): void;
  /** Loads the files again; an invalid candidate leaves the last valid one in place. Never rejects. */
  load(): Promise<boolean>;
  status(): CandidateStatus;
  close(): void;
}

/** Loads the candidate, and again at each change of its files. */
export function openCandidate(path: string, first: Config, ports: CandidatePorts): LoadedCandidate {
  const { log, meter, clock, env } = ports;
  let active = first;
  let valid: { readonly config: Config; readonly authorizer: Authorizer } | undefined;
  let policy: CandidatePolicy | undefined;
  let status: CandidateStatus = { ok: false, at: null, config: null, problems: [] };
  let loading: Promise<boolean> = Promise.resolve(true);
  let closed = false;

  function apply(): void {
    policy = valid && createCandidatePolicy(active, valid.config, valid.authorizer);
  }

  async function attempt(): Promise<readonly string[]> {
    try {
      const loaded: LoadResult = await loadConfigOffThread(path, env);
      if (loaded.kind === 'invalid') return loaded.problems.map(formatProblem);
      const { config } = loaded;
      const authorizer = await runInSlices(compileAuthorizer(config));
      const next = createCandidatePolicy(active, config, authorizer);
      valid = { config, authorizer };
      policy = next;
      return [];
    } catch (error) {
      return [error instanceof GatehouseError ? error.message : 'unexpected error'];
    }
  }

  async function run(): Promise<boolean> {
    const problems = await attempt();
    if (closed) return true;
    const ok = problems.length === 0;
    const isRepeated = !ok && problems.join() === status.problems.join();
    status = {
      ok,
      at: new Date(clock.now()).toISOString(),
      config: valid?.config.hash ?? null,
      problems: problems.slice(0, MAX_PROBLEMS),
    };
    meter.loaded(ok);
    if (ok) log.info('candidate policy loaded', { hash: status.config ?? '' });
    else if (!isRepeated) {
      log.error('candidate policy not loaded; it has no effect on requests', { problems: problems.length });
      for (const problem of status.problems) log.error('candidate problem', { problem });
    }
    return ok;
  }

  function load(): Promise<boolean> {
    loading = loading.then(run);
    return loading;
  }

  const watch = watchConfig(path);
  watch.start(
    load,
    (code) => log.warn('the candidate cannot be watched; it is polled for changes', { code }),
    () => valid?.config.delegated ?? NO_DELEGATED_FILES,
  );
  return {
    evaluation: createCandidateEvaluation(() => policy, ports),
    activate(next) {
      active = next;
      apply();
    },
    load,
    status: () => status,
    close() {
      closed = true;
      watch.close();
    },
  };
}

const MAX_PROBLEMS = 20;
