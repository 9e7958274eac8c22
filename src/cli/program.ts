import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The command line for printed commands: the launcher in a checkout, whose root is the usual working directory. */
export const PROGRAM = existsSync(join(import.meta.dirname, '../../bin/gatehouse'))
  ? './bin/gatehouse'
  : 'gatehouse';
