/** kubectl through the gateway: the messages of refused requests. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectlBinary } from '../support/helm.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
let binary: string;
beforeAll(async () => {
  // kubectl sends no token without TLS.
  const api = ['anonymous: [{ scopes: [read_api], resources: ["/**"] }]'];
  [scenario, binary] = await Promise.all([startAttackScenario({ api }), kubectlBinary()]);
});
afterAll(() => scenario.close());

function kubectl(...args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const server = [`--server=http://127.0.0.1:${scenario.gateway.port}/api`];
  return new Promise((resolve) => {
    execFile(
      binary,
      ['--kubeconfig=/dev/null', ...server, ...args],
      { env: { HOME: scenario.gateway.folder } },
      (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}

test('--as is refused, and kubectl prints the reason and the next step', async () => {
  const { code, stderr } = await kubectl('get', '--raw', '/api/v1/pods', '--as=admin');
  expect({ code, stderr }).toExitWith(1);
  expect(stderr).toContain('Impersonation headers (Impersonate-User) are not forwarded');
  expect(stderr).toContain('remove --as, --as-group and --as-uid');
  await scenario.expectNothingForwarded();
  expect(await kubectl('get', '--raw', '/api/v1/pods')).toEqual({ code: 0, stderr: '' });
});
