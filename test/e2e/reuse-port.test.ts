/** Two processes share one port (SO_REUSEPORT) and one Redis. */
import { Agent, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startProcessScene, type ProcessScene } from '../support/scenario/orders-process.ts';
import { startRedis } from '../support/redis.ts';
import { cleanUp } from '../support/clean-up.ts';

const keep = cleanUp();
/** The kernel selects a process per connection: all of these reach one process with a probability of 2^-63. */
const CONNECTIONS = 64;
const PER_ADDRESS = 40;

interface TwoProcesses extends ProcessScene {
  readonly processes: readonly [GatewayProcess, GatewayProcess];
}

async function startTwo(): Promise<TwoProcesses> {
  const redis = keep(await startRedis());
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      sharedPort: await freePort(),
      limits: `drainDelay: 10ms, authFailures: { perAddress: ${PER_ADDRESS}, window: 10m }`,
      more: () => `state: { redis: { url: "${redis.url}", timeout: 1s } }\n`,
    }),
  );
  return { ...scene, processes: [scene.gateway, keep(await startGatewayProcess(scene.file))] };
}

/** One request on a new connection. */
function send(url: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}` };
    const call = request(`${url}/orders/x`, { agent: new Agent(), headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', reject).end();
  });
}

async function sendMany(url: string, tokens: readonly string[]): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const token of tokens) statuses.push(await send(url, token));
  return statuses;
}

/** Number of audit events with this reason, or of all. */
function eventsOf(process: GatewayProcess, reason?: string): number {
  const lines = process
    .output()
    .stdout.split('\n')
    .filter((line) => line.includes('gatehouse.audit'));
  return reason === undefined ? lines.length : lines.filter((line) => line.includes(`"${reason}"`)).length;
}

function total([first, second]: TwoProcesses['processes'], reason?: string): number {
  return eventsOf(first, reason) + eventsOf(second, reason);
}

needs('redis-server').describe('two processes with server.reusePort', () => {
  test('share the connections', async () => {
    const { processes, gateway, token } = await startTwo();
    expect(processes[1].port).toBe(gateway.port);
    const statuses = await sendMany(gateway.url, Array<string>(CONNECTIONS).fill(token));
    expect(new Set(statuses)).toEqual(new Set([200]));
    await eventually('all audit events', () => total(processes) === CONNECTIONS);
    expect(eventsOf(processes[0])).toBeGreaterThan(0);
    expect(eventsOf(processes[1])).toBeGreaterThan(0);
  });

  test('a revocation at one process is effective at both', async () => {
    const { processes, gateway, issuer } = await startTwo();
    const token = issuer.mint({ project_id: '20', jti: 'leaked' });
    expect(await send(gateway.url, token)).toBe(200);
    const added = await fetch(`${processes[1].adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ jti: 'leaked', issuer: 'gitlab', reason: 'leaked' }),
    });
    expect(added.status).toBe(201);
    await eventually('the revocation at both processes', async () => {
      const lists = await Promise.all(
        processes.map(async ({ adminUrl }) => (await fetch(`${adminUrl}/revocations`)).text()),
      );
      return lists.every((list) => list.includes('leaked'));
    });
    const statuses = await sendMany(gateway.url, Array<string>(CONNECTIONS).fill(token));
    expect(new Set(statuses)).toEqual(new Set([401]));
    await eventually('all audit events', () => total(processes, 'revoked') === CONNECTIONS);
    for (const process of processes) expect(eventsOf(process, 'revoked')).toBeGreaterThan(0);
  });

  test('failed attempts at both count towards one limit', async () => {
    const { processes, gateway, token } = await startTwo();
    const [signed, signature] = [
      token.slice(0, token.lastIndexOf('.')),
      token.slice(token.lastIndexOf('.') + 1),
    ];
    const invalid = Array.from({ length: 3 * PER_ADDRESS }, (_, n) => {
      return `${signed}.${String(n).padStart(8, 'A')}${signature.slice(8)}`;
    });
    const statuses = await sendMany(gateway.url, invalid);
    const refused = statuses.filter((status) => status === 401).length;
    // Each process alone would allow the limit. Attempts are counted in Redis in the background.
    expect(refused).toBeGreaterThanOrEqual(PER_ADDRESS);
    expect(refused).toBeLessThan(1.5 * PER_ADDRESS);
    expect(statuses.slice(-PER_ADDRESS)).toEqual(Array<number>(PER_ADDRESS).fill(429));
    await eventually('all audit events', () => total(processes) === invalid.length);
    for (const process of processes) expect(eventsOf(process, 'rate_limited')).toBeGreaterThan(0);
    expect(await send(gateway.url, token)).toBe(200);
  });
});

describe('a port that cannot be shared', () => {
  test('the second process does not start, and names the port', async () => {
    const first = keep(await startProcessScene({ respond: (_req, res) => void res.end('ok') }));
    const second = await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      sharedPort: first.gateway.port,
      more: () => 'state: { redis: { url: "redis://127.0.0.1:1" } }\n',
    }).then(
      (scene) => keep(scene).gateway.output().stderr,
      (error: unknown) => String(error),
    );
    expect(second).toContain(
      `server.listen: 127.0.0.1:${first.gateway.port} is in use by a process without server.reusePort or of another user`,
    );
  });
});
