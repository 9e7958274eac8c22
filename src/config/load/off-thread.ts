import { Worker } from 'node:worker_threads';
import { GatehouseError } from '../../core/errors.ts';
import type { Environment } from './expand-variables.ts';
import { loadConfig, type LoadResult } from './load.ts';
import { JoinedParts, type PartsByHash, type SentPart } from './parts.ts';
import { sizeOfSources } from './read-sources.ts';

/** What a loader thread gets. */
export interface LoadJob {
  readonly path: string;
  readonly env: Environment;
  /** Hashes of the parts that the receiver has. */
  readonly known: readonly string[];
}

/** Smaller configurations load in less time than a thread needs to start. */
const MIN_THREAD_BYTES = 64 * 1024;

/** Less than the default: V8 keeps the memory of an ended thread for a while. */
const YOUNG_GENERATION_MB = 16;

/** Loads the same configuration at each reload, without blocking requests. */
export interface ConfigLoader {
  /** A large configuration is loaded on another thread. Rejects with `config_invalid` if the thread fails. */
  load(): Promise<LoadResult>;
}

export function createConfigLoader(
  path: string,
  env: Environment,
  leastBytes = MIN_THREAD_BYTES,
): ConfigLoader {
  /** Parts of the last valid configuration, which usually is the active one. */
  let last: PartsByHash = new Map();
  return {
    async load() {
      if (sizeOfSources(path) < leastBytes) {
        last = new Map();
        return loadConfig(path, env);
      }
      const parts = await receiveParts(
        { path, env: { ...env }, known: [...last.keys()] },
        new JoinedParts(last),
      );
      const result = parts.result();
      if (result.ok) last = parts.received;
      return result;
    },
  };
}

function receiveParts(job: LoadJob, parts: JoinedParts): Promise<JoinedParts> {
  const worker = new Worker(new URL('load-worker.ts', import.meta.url), {
    workerData: job,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  // The process can end before the thread.
  worker.unref();
  return new Promise((resolve, reject) => {
    // Without the message of the error, which can quote the configuration.
    const fail = (cause: unknown): void =>
      reject(new GatehouseError('config_invalid', `the configuration cannot be loaded: ${codeOf(cause)}`));
    worker.on('message', (sent: SentPart | 'end') => {
      if (sent === 'end') return resolve(parts);
      try {
        parts.add(sent);
        worker.postMessage('next');
      } catch (cause) {
        fail(cause);
        void worker.terminate();
      }
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail({ code: `the loader thread ended with ${code}` }));
    worker.postMessage('next');
  });
}

function codeOf(cause: unknown): string {
  const { code, name } = cause as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unexpected error';
}
