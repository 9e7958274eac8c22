import { Worker } from 'node:worker_threads';
import { GatehouseError } from '../../core/errors.ts';
import type { DelegatedVersion } from '../model/delegated-files.ts';
import type { Environment } from './expand-variables.ts';
import type { LoadResult } from './load.ts';
import { JoinedParts, type Part } from './parts.ts';

/** What a loader thread gets. */
export interface LoadJob {
  readonly path: string;
  readonly env: Environment;
  /** For a reload: the active versions of the delegated files. */
  readonly versions: readonly DelegatedVersion[] | undefined;
}

const LOADER = new URL('load-worker.ts', import.meta.url);

/** MiB, less than the default: the thread allocates much and keeps little. */
const YOUNG_GENERATION = 16;

/**
 * Loads a configuration on another thread, whose modules and garbage are gone when it has ended. Rejects with
 * `config_invalid` if the thread fails.
 */
export async function loadConfigOffThread(
  path: string,
  env: Environment,
  versions?: readonly DelegatedVersion[],
  script = LOADER,
): Promise<LoadResult> {
  try {
    const job: LoadJob = { path, env: { ...env }, versions };
    const worker = new Worker(script, {
      workerData: job,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
    });
    try {
      return await receive(worker);
    } finally {
      await worker.terminate();
    }
  } catch (cause) {
    // Without the message of the error, which can quote the configuration.
    throw new GatehouseError('config_invalid', `the configuration cannot be loaded: ${codeOf(cause)}`);
  }
}

/** Asks the thread for one part after the other. */
function receive(worker: Worker): Promise<LoadResult> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  const parts = new JoinedParts();
  worker.on('message', (part: Part | 'end') => {
    try {
      if (part === 'end') return resolve(parts.result());
      parts.add(part);
      worker.postMessage('next');
    } catch (cause) {
      reject(cause);
    }
  });
  worker.on('messageerror', reject);
  worker.on('error', reject);
  worker.on('exit', (code) => reject({ code: `the loader thread ended with ${code}` }));
  worker.postMessage('next');
  return promise;
}

function codeOf(cause: unknown): string {
  const { code, name } = cause as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unexpected error';
}
