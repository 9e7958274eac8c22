import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { loadConfig } from './load.ts';
import { splitResult } from './parts.ts';
import type { LoadJob } from './off-thread.ts';

/** Loads a configuration. The thread that serves requests asks for one part of the result after the other. */
function runLoadJob(port: MessagePort, { path, env, versions }: LoadJob): void {
  const parts = splitResult(loadConfig(path, env, Date.now(), versions));
  port.on('message', () => {
    const { value: part } = parts.next();
    port.postMessage(part ?? 'end');
    if (part === undefined) port.close();
  });
}

if (parentPort !== null) runLoadJob(parentPort, workerData as LoadJob);
