/** A gateway process whose state file is damaged, deleted or replaced. */
import { hash } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const SECRET = `ghdt_edge_${'7b'.repeat(32)}`;

async function scene() {
  const token = (name: string): string =>
    `{ username: ${name}, secretHash: "sha256:${hash('sha256', SECRET.replace('edge', name))}", grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }] }`;
  const scenario = await startProcessScenario({
    backends: { upstream: () => startHttpUpstream((_req, res) => void res.end('ok')) },
    config: ({ upstream }) => `state: { sqlite: { file: gatehouse.db } }
deployTokens: { edge: ${token('edge')}, other: ${token('other')} }
services:
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
`,
  });
  return { ...scenario, state: join(scenario.folder, 'gatehouse.db') };
}

const revoke = async ({ adminUrl }: GatewayProcess, deployToken: string) => {
  const answer = await fetch(`${adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ deployToken, reason: 'leaked' }),
  });
  return { status: answer.status, body: (await answer.json()) as { error?: string } };
};

const use = async ({ url }: GatewayProcess, name: string): Promise<number> => {
  const headers = { 'Deploy-Token': SECRET.replace('edge', name) };
  return (await fetch(`${url}/files/a`, { headers })).status;
};

const readyz = async ({ adminUrl }: GatewayProcess) => {
  const answer = await fetch(`${adminUrl}/readyz`);
  return [answer.status, await answer.json()];
};

const isDegraded = async ({ adminUrl }: GatewayProcess): Promise<boolean> =>
  (await (await fetch(`${adminUrl}/metrics`)).text()).includes('\ngatehouse_store_degraded 1\n');

test.each([
  ['is deleted', 'deleted or moved', (file: string) => rmSync(file)],
  [
    'is replaced',
    'replaced',
    (file: string) => {
      copyFileSync(file, `${file}.new`);
      renameSync(`${file}.new`, file);
    },
  ],
])(
  'the state file %s: changes are 503 store_unavailable, requests are served, readyz and metrics report it',
  async (_what, how, change) => {
    const { state, gateway } = await scene();
    expect(await readyz(gateway)).toEqual([
      200,
      { ready: true, checks: [{ name: 'revocations', ok: true }] },
    ]);
    expect(await revoke(gateway, 'edge')).toMatchObject({ status: 201 });
    change(state);
    expect(await revoke(gateway, 'other')).toMatchObject({
      status: 503,
      body: { error: 'store_unavailable' },
    });
    expect([await use(gateway, 'edge'), await use(gateway, 'other')]).toEqual([401, 200]);
    const detail = `the state file was ${how} while the gateway runs`;
    expect(await readyz(gateway)).toEqual([
      200,
      {
        ready: true,
        checks: [
          { name: 'revocations', ok: true },
          { name: 'store', ok: false, detail: `${detail}: changes are refused with 503` },
        ],
      },
    ]);
    expect(await isDegraded(gateway)).toBe(true);
    expect(gateway.log()).toContainEqual(expect.objectContaining({ 'log.level': 'error', problem: detail }));
  },
);

test('a deleted state file is noticed without a change', async () => {
  const { state, gateway } = await scene();
  rmSync(state);
  await eventually('it is reported', () => isDegraded(gateway));
});

test('a damaged, empty or incomplete state does not start; the message names the procedure', async () => {
  const { state, gateway, another } = await scene();
  for (const name of ['edge', 'other']) expect((await revoke(gateway, name)).status).toBe(201);
  await gateway.signal('SIGTERM');
  const good = readFileSync(state);
  const damaged = Buffer.from(good);
  for (let page = 4096; page < damaged.length; page += 4096) damaged.fill(0x55, page, page + 64);
  for (const [content, message] of [
    [damaged, 'is damaged'],
    [Buffer.alloc(0), 'is empty (0 bytes)'],
    [good.subarray(0, good.length - 4096), 'is damaged'],
  ] as const) {
    writeFileSync(state, content);
    const error: unknown = await another().catch((cause: unknown) => cause);
    expect(String(error)).toContain('(exit 1)');
    expect(String(error)).toContain(`state.sqlite.file: ${state} ${message}`);
    expect(String(error)).toContain('docs/operations/runbook.md, "The state file"');
    expect(readFileSync(state).equals(content)).toBe(true);
  }
  writeFileSync(state, good);
  expect(await use(await another(), 'edge')).toBe(401);
});
