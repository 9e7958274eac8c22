#!/usr/bin/env node
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';

// V8 has read the flag of the command line by now, and keeps to it. It refuses the code cache of the modules of Node while
// a flag differs from its default (docs/adr/0033-large-policies.md).
setFlagsFromString('--memory-pool-share-memory-on-teardown');
const { run } = await import('./cli/index.ts');

// A closed pipe (`gatehouse schema | head`) must not print a stack trace.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  nodeVersion: process.versions.node,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stopSignal: () =>
    new Promise((resolve) => {
      // Not `once`: without a handler, a second signal would end the process at once.
      process.on('SIGINT', resolve);
      process.on('SIGTERM', resolve);
    }),
  // https://no-color.org: any value that is not empty.
  color: process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  dialogStreams:
    process.stdin.isTTY && process.stdout.isTTY
      ? { input: process.stdin, output: process.stdout }
      : undefined,
  onReloadSignal: (handler) => void process.on('SIGHUP', handler),
  endWithin: (milliseconds) =>
    void setTimeout(() => {
      // `exit` waits for the threads of the pool, and one that writes to a stalled device never returns.
      if (process.getActiveResourcesInfo().includes('FSReqCallback')) process.kill(process.pid, 'SIGKILL');
      process.exit();
    }, milliseconds).unref(),
  onUncaught: (handler) => {
    process.on('uncaughtException', handler);
    process.on('unhandledRejection', handler);
  },
});
