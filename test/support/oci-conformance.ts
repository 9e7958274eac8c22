import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needing } from './needs.ts';
import { ROOT } from './repository.ts';
import { run } from './run.ts';

const SUITE = join(ROOT, 'node_modules/.cache/gatehouse/oci-conformance/conformance');

/** `describe` and `test` for tests that need the conformance suite of the OCI distribution specification. */
export const needsConformance = needing(
  existsSync(SUITE) ? undefined : 'OCI conformance suite not installed: .ci/oci-conformance',
);

/** Runs the suite against a registry. Returns one `NAME: RESULT` per test, sorted, because the order differs. */
export async function runConformance(
  host: string,
  login: { readonly username: string; readonly password: string } | undefined,
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-conformance-'));
  const outcome = await run(SUITE, [], {
    cwd: folder,
    env: {
      HOME: folder,
      OCI_REGISTRY: host,
      OCI_TLS: 'disabled',
      OCI_REPO1: 'acme/payments/one',
      OCI_REPO2: 'acme/payments/two',
      OCI_RESULTS_DIR: folder,
      ...(login && { OCI_USERNAME: login.username, OCI_PASSWORD: login.password }),
    },
  });
  const report = join(folder, 'junit.xml');
  if (!existsSync(report)) throw new Error(`the conformance suite has no report:\n${outcome.stderr}`);
  const results = readResults(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  return results;
}

/** JUnit: a test case without an inner element has passed. */
function readResults(junit: string): readonly string[] {
  return [...junit.matchAll(CASE)]
    .map(([, attributes = '', end, result = 'passed']) => {
      const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? '';
      return `${name}: ${end === '/' ? 'passed' : result}`;
    })
    .toSorted();
}

const CASE = /<testcase\b((?:[^>"/]|"[^"]*")*)(\/?)>(?:\s*<(failure|error|skipped)\b)?/g;
