import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { watchConfig } from '../../../src/config/index.ts';
import { createConfigMap } from '../../support/config-map.ts';
import { eventually } from '../../support/eventually.ts';

/** Only changes that an event reports are seen. */
const EVENTS = { settle: 20, longest: 3_600_000, poll: 3_600_000 };
/** Changes without an event are seen, too. */
const POLLING = { settle: 20, longest: 3_600_000, poll: 50 };

let folder: string;
let stop: () => void = () => undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-watch-'));
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

function watching(path: string, timing: typeof EVENTS, outcome: () => boolean = () => true) {
  const watch = watchConfig(path, timing);
  let reloads = 0;
  stop = () => watch.close();
  watch.start(
    async () => {
      reloads += 1;
      return outcome();
    },
    () => undefined,
  );
  return { reloads: () => reloads, watch };
}

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

test.each([
  ['a file that an editor replaces', 'a.yaml'],
  ['its directory', ''],
])('%s: one reload for each content, however often it is written', async (_, name) => {
  put('a.yaml', 'one');
  const { reloads } = watching(join(folder, name), EVENTS);
  const replace = (text: string): void => {
    put('a.yaml.new', text);
    renameSync(join(folder, 'a.yaml.new'), join(folder, 'a.yaml'));
  };
  replace('two');
  await eventually('two', () => reloads() === 1);
  replace('two');
  put('notes.txt', 'no part of it');
  replace('three');
  await eventually('three', () => reloads() === 2);
  put('a.yaml', 'in place');
  await eventually('in place', () => reloads() === 3);
});

test('a ConfigMap: two swaps in a row are two reloads, of the directory and of a file in it', async () => {
  for (const name of ['', 'a.yaml']) {
    const map = createConfigMap(join(folder, `map${name}`));
    map.write({ 'a.yaml': 'one' });
    const { reloads } = watching(join(map.folder, name), EVENTS);
    map.write({ 'a.yaml': 'two' });
    await eventually('the first swap', () => reloads() === 1);
    map.write({ 'a.yaml': 'three' });
    await eventually('the second swap', () => reloads() === 2);
    stop();
  }
});

test('a change between reading and watching is not missed', async () => {
  put('a.yaml', 'one');
  const watch = watchConfig(join(folder, 'a.yaml'), EVENTS);
  put('a.yaml', 'two');
  let reloads = 0;
  stop = () => watch.close();
  watch.start(
    async () => (reloads += 1) > 0,
    () => undefined,
  );
  await eventually('it is seen', () => reloads === 1);
});

test('the directory itself is swapped, or goes and comes back: polling finds it, and events from there on', async () => {
  mkdirSync(join(folder, 'v1'));
  mkdirSync(join(folder, 'v2'));
  put('v1/a.yaml', 'one');
  put('v2/a.yaml', 'two');
  symlinkSync('v1', join(folder, 'current'));
  const { reloads } = watching(join(folder, 'current'), POLLING);
  symlinkSync('v2', join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'current'));
  await eventually('the other one', () => reloads() === 1);
  unlinkSync(join(folder, 'current'));
  await eventually('that it is gone', () => reloads() >= 2);
  symlinkSync('v1', join(folder, 'current'));
  const before = reloads();
  await eventually('that it is back', () => reloads() > before);
});

test('a log that is continuously written next to it delays no change', async () => {
  put('a.yaml', 'one');
  const { reloads } = watching(folder, EVENTS);
  const log = setInterval(() => appendFileSync(join(folder, 'gatehouse.log'), 'a line\n'), 2);
  try {
    put('a.yaml', 'two');
    await eventually('the change', () => reloads() === 1);
  } finally {
    clearInterval(log);
  }
});

test('a file that changes continuously is still read', async () => {
  put('a.yaml', 'one');
  const { reloads } = watching(folder, { ...EVENTS, longest: 200 });
  let n = 0;
  const writing = setInterval(() => put('a.yaml', `${n++}`), 2);
  try {
    await eventually('a reload', () => reloads() >= 1);
  } finally {
    clearInterval(writing);
  }
});

test('a failed reload is retried: the cause may be in another file', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  put('a.yaml', 'one');
  let good = false;
  const { reloads } = watching(join(folder, 'a.yaml'), POLLING, () => good);
  const poll = (): void => void vi.advanceTimersByTime(POLLING.poll);
  put('a.yaml', 'two');
  await eventually('tries', () => {
    poll();
    return reloads() >= 3;
  });
  good = true;
  const failed = reloads();
  await eventually('the one that goes well', () => {
    poll();
    return reloads() === failed + 1;
  });
  for (let n = 0; n < 3; n++) poll();
  expect(reloads()).toBe(failed + 1);
});

test('on demand, whether anything has changed or not; not any more once it is closed', async () => {
  put('a.yaml', 'one');
  const { reloads, watch } = watching(join(folder, 'a.yaml'), EVENTS);
  watch.now();
  expect(reloads()).toBe(1);
  watch.close();
  watch.now();
  expect(reloads()).toBe(1);
});
