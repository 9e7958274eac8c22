import { parentPort, workerData } from 'node:worker_threads';
import { loadConfig } from './load.ts';
import { splitResult } from './parts.ts';
import type { LoadJob } from './off-thread.ts';

// Loads a configuration on a thread of its own. The thread that serves requests asks for one part after the other.
const { path, env } = workerData as LoadJob;
const parts = splitResult(loadConfig(path, env));

parentPort?.on('message', () => {
  const { done, value } = parts.next();
  if (done !== true) parentPort?.postMessage(value);
  else {
    parentPort?.postMessage('end');
    parentPort?.close();
  }
});
