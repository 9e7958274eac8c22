import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needing } from './needs.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

const ACTIONLINT = join(ROOT, 'node_modules/.cache/gatehouse/actionlint/actionlint');

/** `describe` and `test` for tests that run actionlint. */
export const needsActionlint = needing(
  existsSync(ACTIONLINT) ? undefined : 'actionlint not installed: .ci/actionlint',
);

/** Checks workflows of GitHub. shellcheck and pyflakes, which actionlint runs where they are installed, are off. */
export function actionlint(files: readonly string[]): Promise<Outcome> {
  return run(ACTIONLINT, ['-shellcheck=', '-pyflakes=', ...files], { cwd: ROOT });
}
