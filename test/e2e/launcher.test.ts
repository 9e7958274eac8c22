import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MANIFEST, ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

const LAUNCHER = join(ROOT, 'bin/gatehouse');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-launcher-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('starts the pinned Node from any working directory', async () => {
  const { code, stdout } = await run(LAUNCHER, ['version'], { cwd: folder });
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `gatehouse ${MANIFEST.version} (node ${process.versions.node})\n`,
  });
});

test('resolves symbolic links, absolute and relative, to its own location', async () => {
  symlinkSync(LAUNCHER, join(folder, 'absolute'));
  symlinkSync('absolute', join(folder, 'relative'));
  expect((await run(join(folder, 'relative'), ['version'])).stdout).toContain(MANIFEST.version);
});

test('passes arguments and the exit code through', async () => {
  const { code, stdout, stderr } = await run(LAUNCHER, ['with space']);
  expect({ code, stdout, stderr }).toExitWith(2);
  expect(stderr).toContain('"with space"');
});

test('keeps compiled modules in node_modules, unless the environment names another folder', async () => {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  delete env['NODE_COMPILE_CACHE'];
  const own = await run(LAUNCHER, ['version'], { env });
  expect(own.stdout + own.stderr).toContain(join(ROOT, 'node_modules/.cache/gatehouse'));
  const named = await run(LAUNCHER, ['version'], { env: { ...env, NODE_COMPILE_CACHE: folder } });
  expect(named.stdout + named.stderr).toContain(folder);
  expect(named.stdout + named.stderr).not.toContain('node_modules/.cache/gatehouse');
});

test('starts if the compile cache cannot be written', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const env = { ...process.env, NODE_COMPILE_CACHE: join(file, 'cache') };
  const { code, stdout, stderr } = await run(LAUNCHER, ['version'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(MANIFEST.version);
});

test('names npm ci if the packages are not installed', async () => {
  mkdirSync(join(folder, 'bin'));
  cpSync(LAUNCHER, join(folder, 'bin/gatehouse'));
  const { code, stdout, stderr } = await run(join(folder, 'bin/gatehouse'), ['version']);
  expect({ code, stdout, stderr }).toExitWith(2);
  expect(stderr).toContain(`run 'npm ci' in ${folder} first`);
});

/** The arguments of Node in front of `main.ts`. */
const flagsIn = (line: string): readonly string[] => line.match(/--[a-z-]+(?:=\w+)?(?=.*main[.]ts)/g) ?? [];

test('the launcher, the image and its compile cache use the same flags of V8', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const nodes = lines.filter((line) => /^(RUN|ENTRYPOINT) .*main[.]ts/.test(line)).map(flagsIn);
  const launcher = readFileSync(LAUNCHER, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('exec '))
    .map((line) => ['--max-old-space-size-percentage=70', ...flagsIn(line)]);
  expect(nodes).toHaveLength(2);
  expect(nodes).toEqual([...launcher, ...launcher]);
});
