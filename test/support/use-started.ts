import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

interface Closable {
  close(): unknown;
}

/** Starts a resource before the tests of this file or `describe` block and closes it after them. */
export function useStarted<T extends Closable>(start: () => Promise<T>, timeout?: number): T {
  return use(start, beforeAll, afterAll, timeout);
}

/** Starts the resource before each test and closes it after the test. */
export function useStartedPerTest<T extends Closable>(start: () => Promise<T>): T {
  return use(start, beforeEach, afterEach);
}

type Hook = (run: () => Promise<void>, timeout?: number) => void;

function use<T extends Closable>(start: () => Promise<T>, before: Hook, after: Hook, timeout?: number): T {
  let started: T | undefined;
  before(async () => {
    started = await start();
  }, timeout);
  after(async () => {
    await started?.close();
    started = undefined;
  });
  return new Proxy({} as T, {
    get(_target, name) {
      if (started === undefined) throw new Error(`not started: ${String(name)}`);
      return Reflect.get(started, name) as unknown;
    },
  });
}
