/** Which modules a command loads: most of the CPU time of a short command is spent on loading them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-modules-'));
  // Prints each loaded file of the sources to stderr.
  writeFileSync(
    join(folder, 'print.mjs'),
    `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { console.error('loaded ' + url); return next(url, context); } });`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function loadedBy(...args: readonly string[]): Promise<readonly string[]> {
  const main = join(ROOT, 'src/main.ts');
  const { code, stderr } = await run(process.execPath, [
    '--import',
    join(folder, 'print.mjs'),
    main,
    ...args,
  ]);
  expect(code, stderr).toBe(0);
  return [...stderr.matchAll(/^loaded file:\/\/\S*\/(src\/\S+)$/gm)].map(([, file]) => file ?? '');
}

test.each([
  ['check', ['check', '--config', join(ROOT, 'config/minimal.yaml')]],
  ['health, which the image runs every few seconds', ['health', '--help']],
  ['version', ['version']],
])('%s does not load the gateway', async (_name, args) => {
  const loaded = await loadedBy(...args);
  expect(loaded).toContain('src/cli/index.ts');
  expect(loaded.filter((file) => /^src\/(admin|app|gateway|protocols|proxy)\//.test(file))).toEqual([]);
});
