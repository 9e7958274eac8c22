import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needing } from './needs.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

const CRANE = join(ROOT, 'node_modules/.cache/gatehouse/crane/crane');

/** `describe` and `test` for tests that run crane. */
export const needsCrane = needing(existsSync(CRANE) ? undefined : 'crane not installed: .ci/crane');

/** One command of crane, whose logins are in the folder `home`. */
export function crane(home: string, ...args: readonly string[]): Promise<Outcome> {
  return run(CRANE, args, { cwd: home, env: { HOME: home, DOCKER_CONFIG: join(home, '.docker') } });
}
