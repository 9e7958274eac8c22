/** `gatehouse serve` as a process: start, error reports and shutdown. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { gatehouse, startGatewayProcess } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';

let folder: string;
let file: string;
const cleanUp: (() => Promise<unknown> | void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
  file = join(folder, 'gatehouse.yaml');
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  rmSync(folder, { recursive: true, force: true });
});

test('an invalid configuration: exit 2, every problem with its position, nothing is started', async () => {
  writeFileSync(
    file,
    `version: 1
server: { listen: nowhere }
issuers:
  gitlab: { type: gitlap, issuer: https://gitlab.example.com, audiences: [a] }
services:
  orders:
    type: http
    pathh: /orders/
    upstream: { url: http://127.0.0.1:1/ }
`,
  );
  const { code, stdout, stderr } = await gatehouse('serve', '--config', file);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const lines = stderr.trimEnd().split('\n');
  expect(lines[0]).toBe(`gatehouse serve: ${file} has 3 problems`);
  expect(lines.slice(1)).toEqual([
    expect.stringContaining(`error: ${file}:2:19: server.listen: must be ADDRESS:PORT`),
    expect.stringMatching(`error: ${file}:4:19: issuers.gitlab.type: must be one of .*did you mean "gitlab"`),
    expect.stringMatching(`error: ${file}:8:5: services.orders.pathh: unknown key.*"path"`),
  ]);
});

test.each([
  ['a missing file', 'nothing.yaml'],
  ['an empty directory', '.'],
])('%s: exit 2, and it is named', async (_, name) => {
  const { code, stdout, stderr } = await gatehouse('serve', '--config', join(folder, name));
  expect({ code, stdout, stderr }).toExitWith(2);
  expect(stderr).toContain(folder);
  expect(stderr).not.toContain('    at ');
});

test.each(['server', 'admin'])(
  'the port of the %s listener is in use: one error line, exit 1',
  async (which) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    cleanUp.push(() => new Promise((resolve) => other.close(resolve)));
    const buffered = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const listen = { server: '127.0.0.1:0', admin: '127.0.0.1:0', [which]: buffered };
    writeFileSync(file, minimal({ ...listen, issuer: 'http://127.0.0.1:1' }));
    const { code, stdout, stderr } = await gatehouse('serve', '--config', file);
    expect({ code, stdout, stderr }).toExitWith(1);
    const said = stderr.split('\n').filter((line) => line.startsWith('gatehouse serve: '));
    expect(said).toEqual([expect.stringMatching(`${buffered} is in use`)]);
    expect(stderr).not.toContain('    at ');
  },
);

test('an unreachable issuer: the gateway starts and logs it, and is ready once the keys are fetched', async () => {
  const issuer = await startIssuer();
  cleanUp.push(() => issuer.close());
  await issuer.down();
  writeFileSync(file, minimal({ issuer: issuer.url }));
  const gateway = await startGatewayProcess(file);
  cleanUp.push(() => gateway.close());

  await eventually('the log reports it', () =>
    gateway.log().some(({ message }) => message === 'key set not fetched'),
  );
  const readyz = (): Promise<Response> => fetch(`${gateway.adminUrl}/readyz`);
  const notYet = await readyz();
  expect(notYet.status).toBe(503);
  expect(await notYet.json()).toEqual({
    ready: false,
    checks: [
      { name: 'issuer gitlab', ok: false, detail: expect.stringContaining('ECONNREFUSED') },
      { name: 'revocations', ok: true },
    ],
  });
  expect((await fetch(`${gateway.adminUrl}/livez`)).status).toBe(200);
  const unready = await gatehouse('health', '--ready', '--url', gateway.adminUrl);
  expect(unready).toExitWith(1);

  const token = { headers: { Authorization: `Bearer ${issuer.mint()}` } };
  const undecided = await fetch(`${gateway.url}/orders/`, token);
  expect(undecided.status).toBe(503);
  expect(await undecided.json()).toMatchObject({ error: 'issuer_unavailable' });
  expect(Number(undecided.headers.get('retry-after'))).toBeGreaterThan(0);

  await issuer.up();
  await eventually('ready', async () => (await readyz()).status === 200, 15_000);
  // The upstream is unreachable, but the client is authenticated: 502, not 503.
  expect((await fetch(`${gateway.url}/orders/`, token)).status).toBe(502);
  const healthy = await gatehouse('health', '--ready', '--url', gateway.adminUrl);
  expect(healthy).toMatchObject({ code: 0, stderr: '' });
  expect(await gateway.signal('SIGTERM')).toBe(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: exit 0, the audit log is complete, the listeners are closed',
  async (name) => {
    const issuer = await startIssuer();
    cleanUp.push(() => issuer.close());
    writeFileSync(file, minimal({ issuer: issuer.url }));
    const gateway = await startGatewayProcess(file);
    cleanUp.push(() => gateway.close());
    const alive = await gatehouse('health', '--url', gateway.adminUrl);
    expect(alive).toEqual({ code: 0, stdout: 'ok\n', stderr: '' });
    const answer = await fetch(`${gateway.url}/orders/`);
    expect(answer.status).toBe(401);

    expect(await gateway.signal(name)).toBe(0);
    const { stdout } = gateway.output();
    expect(stdout).toContain(answer.headers.get('x-request-id'));
    await expect(fetch(`${gateway.url}/orders/`)).rejects.toThrow();
    const gone = await gatehouse('health', '--url', gateway.adminUrl);
    expect(gone).toEqual({
      code: 1,
      stdout: '',
      stderr: `gatehouse health: no response from ${gateway.adminUrl}/livez\n`,
    });
  },
);

function minimal(changes: { server?: string; admin?: string; issuer: string }): string {
  const { server = '127.0.0.1:0', admin = '127.0.0.1:0', issuer } = changes;
  return `version: 1
server:
  listen: ${server}
  publicUrl: https://gateway.example.com
  admin: { listen: "${admin}" }
  limits: { drainDelay: 100ms, drain: 1s }
issuers: { gitlab: { type: gitlab, issuer: "${issuer}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "http://127.0.0.1:1/" } }
`;
}
