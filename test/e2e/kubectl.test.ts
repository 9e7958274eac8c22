/** kubectl through the gateway: the messages of refused requests. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectlBinary } from '../support/helm.ts';
import { startLab, type Lab } from '../support/scenario/raw.ts';

let lab: Lab;
let binary: string;
beforeAll(async () => {
  // kubectl sends no token without TLS.
  const api = ['anonymous: [{ scopes: [read_api], resources: ["/**"] }]'];
  [lab, binary] = await Promise.all([startLab({ api }), kubectlBinary()]);
});
afterAll(() => lab.close());

function kubectl(...args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const server = [`--server=http://127.0.0.1:${lab.gateway.port}/api`];
  return new Promise((resolve) => {
    execFile(
      binary,
      ['--kubeconfig=/dev/null', ...server, ...args],
      { env: { HOME: lab.gateway.folder } },
      (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}

test('--as is refused, and kubectl prints the reason and the next step', async () => {
  const { code, stderr } = await kubectl('get', '--raw', '/api/v1/pods', '--as=admin');
  expect(code).toBe(1);
  expect(stderr).toContain('Impersonation headers (Impersonate-User) are not forwarded');
  expect(stderr).toContain('remove --as, --as-group and --as-uid');
  await lab.expectNothingForwarded();
  expect(await kubectl('get', '--raw', '/api/v1/pods')).toEqual({ code: 0, stderr: '' });
});
