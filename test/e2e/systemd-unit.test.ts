/** The documented template unit and configuration of several processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { snippet } from '../support/docs.ts';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { findTool } from '../support/tools.ts';

const PAGE = 'docs/operations/processes.md';
const UNIT = snippet(PAGE, 'systemd', 'gatehouse@.service');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** Verifies an instance of the template, with the program of this checkout. */
function verify(unit: string): Promise<Outcome> {
  writeFileSync(join(folder, 'gatehouse@.service'), unit.replace('/opt/gatehouse', ROOT));
  const program = findTool('systemd-analyze') ?? 'systemd-analyze';
  return run(program, ['verify', '--man=no', '--recursive-errors=no', join(folder, 'gatehouse@1.service')]);
}

needs('systemd-analyze').test('systemd accepts the unit, and names an error in it', async () => {
  expect(await verify(UNIT)).toEqual({ code: 0, stdout: '', stderr: '' });
  const wrong = await verify(UNIT.replace('TimeoutStopSec=15', 'TimeoutStopSec=soon'));
  expect(wrong.stderr).toContain('Failed to parse time value, ignoring: soon');
});

test('the configuration is valid for each process, and has no warning', async () => {
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(file, snippet(PAGE, 'Configuration', 'gatehouse.yaml').replace('/var/log/gatehouse', folder));
  for (const name of ['1', '2']) {
    const args = [join(ROOT, 'src/main.ts'), 'check', '--config', file];
    const env = { ...process.env, GATEHOUSE_PROCESS: name };
    const outcome = await run(process.execPath, args, { cwd: folder, env });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  }
});
