import { Worker } from 'node:worker_threads';
import { GatehouseError } from '../../core/errors.ts';
import type { Environment } from './expand-variables.ts';
import { loadConfig, type LoadResult } from './load.ts';
import { JoinedParts, type Part } from './parts.ts';
import { sizeOfSources } from './read-sources.ts';

/** What a loader thread gets. */
export interface LoadJob {
  readonly path: string;
  readonly env: Environment;
}

/** Smaller configurations load in less time than a thread needs to start. */
const MIN_THREAD_BYTES = 64 * 1024;

/** Less than the default: V8 keeps the memory of an ended thread for a while. */
const YOUNG_GENERATION_MB = 16;

/**
 * Loads a configuration without blocking requests: a large one on another thread. Rejects with `config_invalid` if
 * the thread fails.
 */
export async function loadConfigOffThread(
  path: string,
  env: Environment,
  leastBytes = MIN_THREAD_BYTES,
): Promise<LoadResult> {
  if (sizeOfSources(path) < leastBytes) return loadConfig(path, env);
  const job: LoadJob = { path, env: { ...env } };
  const worker = new Worker(new URL('load-worker.ts', import.meta.url), {
    workerData: job,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  // The process can end before the thread.
  worker.unref();
  return new Promise((resolve, reject) => {
    const parts = new JoinedParts();
    // Without the message of the error, which can quote the configuration.
    const fail = (cause: unknown): void =>
      reject(new GatehouseError('config_invalid', `the configuration cannot be loaded: ${codeOf(cause)}`));
    worker.on('message', (part: Part | 'end') => {
      if (part === 'end') return resolve(parts.result());
      parts.add(part);
      worker.postMessage('next');
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
