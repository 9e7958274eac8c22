/** The modules of Node have a code cache. V8 ignores it while a flag of V8 differs from its default. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-code-cache-'));
  // Loads a module that no command has loaded, and prints how Node compiled it.
  writeFileSync(
    join(folder, 'print.cjs'),
    `const { internalBinding } = require('internal/test/binding');
process.on('exit', () => {
  process.getBuiltinModule('node:http2');
  const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage();
  const how = compiledWithCache.has('internal/http2/core') ? 'with' : 'without';
  console.error('compiled ' + how + ' cache, others ' + compiledWithoutCache.size);
});`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The flags of an `exec` line or of a list of strings. */
const flagsOf = (file: string): readonly string[] =>
  readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .filter((line) => /^exec |^ENTRYPOINT/.test(line))
    .flatMap((line) => line.match(/--[a-z-]+(?:=\d+)?/g) ?? []);

test.each(['bin/gatehouse', 'Dockerfile'])('Node uses its code cache with the flags of %s', async (file) => {
  const flags = flagsOf(file);
  expect(flags).toContain('--no-memory-pool-share-memory-on-teardown');
  const preload = ['--expose-internals', '--require', join(folder, 'print.cjs')];
  const { stderr } = await run(process.execPath, [
    ...flags,
    ...preload,
    join(ROOT, 'src/main.ts'),
    'version',
  ]);
  expect(stderr).toContain('compiled with cache');
});
