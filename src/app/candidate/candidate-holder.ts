import type { Config } from '../../config/index.ts';
import type { CandidateEvaluation } from '../../core/candidate.ts';
import type { CandidatePorts, CandidateStatus } from './candidate-ports.ts';
import type { LoadedCandidate } from './candidate-loader.ts';

/** The candidate policy of the active configuration, if it has one. Its modules are loaded on demand. */
export interface CandidateHolder {
  readonly evaluation: () => CandidateEvaluation | undefined;
  /** Follows `candidate` of a newly activated configuration. Never rejects. */
  follow(config: Config): Promise<void>;
  status(): CandidateStatus | undefined;
  close(): void;
}

export function createCandidateHolder(ports: CandidatePorts): CandidateHolder {
  let current: { readonly path: string; readonly loaded: LoadedCandidate } | undefined;

  async function open(path: string, config: Config): Promise<void> {
    const { openCandidate } = await import('./candidate-loader.ts');
    current = { path, loaded: openCandidate(path, config, ports) };
  }

  return {
    evaluation: () => current?.loaded.evaluation,
    async follow(config) {
      const path = config.candidate?.config;
      if (current !== undefined && current.path !== path) {
        current.loaded.close();
        current = undefined;
      }
      if (path === undefined) return;
      try {
        if (current === undefined) await open(path, config);
        else current.loaded.activate(config);
        await current?.loaded.load();
      } catch (error) {
        ports.log.error('the candidate policy failed', {
          error: error instanceof Error ? error.name : typeof error,
        });
      }
    },
    status: () => current?.loaded.status(),
    close: () => current?.loaded.close(),
  };
}
