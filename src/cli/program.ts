import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const LAUNCHER = join(import.meta.dirname, '../../bin/gatehouse');

/** The command line for printed commands: the launcher of a checkout, from the working directory. */
export const PROGRAM = existsSync(LAUNCHER) ? fromHere(LAUNCHER) : 'gatehouse';

function fromHere(file: string): string {
  const path = relative(resolve(), file);
  return path.startsWith('..') ? file : `./${path}`;
}
