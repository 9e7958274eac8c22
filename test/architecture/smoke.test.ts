import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MANIFEST, ROOT, readText, repositoryFiles } from '../support/repository.ts';
import { run } from '../support/run.ts';

const sources = (await repositoryFiles()).filter((file) => /^(src|bench)\/.*\.ts$/.test(file));

/** vitest accepts syntax that Node refuses (enums, a missing `import type`), so these tests run plain Node. */
describe('plain node runs the source as it is', () => {
  test('the tests themselves run under the pinned major', () => {
    expect(process.versions.node).toMatch(/^26\./);
  });

  test('`version` prints the version and no warning, from any working directory', async () => {
    const outcome = await run(process.execPath, [join(ROOT, 'src/main.ts'), 'version'], { cwd: tmpdir() });
    expect(outcome).toEqual({ code: 0, stdout: expect.stringContaining(MANIFEST.version), stderr: '' });
  });

  test('the syntax is erasable', () => {
    const refused = sources.filter((file) => !isErasable(readText(file)));
    expect(refused).toEqual([]);
  });

  test('every file of src/ can be imported by itself', async () => {
    const files = sources.filter((file) => file.startsWith('src/') && file !== 'src/main.ts');
    expect(files.length).toBeGreaterThan(50);
    const script = files.map(
      (file) => `await import(${JSON.stringify(pathToFileURL(join(ROOT, file)).href)});`,
    );
    const outcome = await run(process.execPath, ['--input-type=module', '--eval', script.join('\n')]);
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

function isErasable(source: string): boolean {
  try {
    stripTypeScriptTypes(source, { mode: 'strip' });
    return true;
  } catch {
    return false;
  }
}
