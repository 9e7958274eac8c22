/**
 * What a request allocates is released by scavenges. A request that an object in old space keeps, although that object
 * is garbage, is promoted, and so is each later one that it refers to: a third of the CPU time of a request.
 */
import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const CONCURRENT = 16;
const REQUESTS = 2_000;

/** Runs a full collection on SIGUSR2, and prints a line. */
const COLLECT = `data:text/javascript,${encodeURIComponent(
  'process.on("SIGUSR2", () => { gc(); console.error("collected"); })',
)}`;

async function startGateway() {
  const { gateway } = await startProcessScenario({
    backends: {
      upstream: () => startHttpUpstream((req, res) => void req.resume().on('end', () => res.end('orders'))),
    },
    environment: { NODE_OPTIONS: `--max-semi-space-size=4 --expose-gc --import ${COLLECT}` },
    config: ({ upstream }) => `
services:
  open:
    type: http
    path: /open/
    upstream: { url: "${upstream.url}/" }
    anonymous: [{ scopes: [read_api, write_api], resources: ["**"] }]`,
  });
  const memory = async (): Promise<{ readonly old: number; readonly collections: number }> => {
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const value = (name: string): number => Number(metrics.split(`${name} `)[1]?.split('\n')[0] ?? 0);
    return {
      old: value('nodejs_heap_space_size_used_bytes{space="old"}'),
      collections: value('nodejs_gc_duration_seconds_count{kind="major"}'),
    };
  };
  const collect = async (): Promise<void> => {
    process.kill(gateway.pid, 'SIGUSR2');
    await eventually('a full collection', () => gateway.output().stderr.includes('collected'));
  };
  return { gateway, memory, collect };
}

function send(port: number, agent: Agent, body: string | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const call = request({ host: '127.0.0.1', port, path: '/open/a', method, agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    call.on('error', reject).end(body);
  });
}

async function sendMany(port: number, agent: Agent, body: string | undefined, count: number): Promise<void> {
  const statuses = new Set<number | undefined>();
  const client = async (): Promise<void> => {
    for (let sent = 0; sent < count / CONCURRENT; sent += 1) statuses.add(await send(port, agent, body));
  };
  await Promise.all(Array.from({ length: CONCURRENT }, client));
  expect([...statuses]).toEqual([200]);
}

/** Bytes per request, between the measurements with and without the fault: 170 and 3,300; 1,400 and 3,800. */
const LIMIT = 1_000;
/** A bare server of Node promotes up to 830 bytes of each closed connection. */
const CONNECTION_LIMIT = 2_500;

test.each([
  ['on kept-alive connections', true, undefined, LIMIT],
  ['on a connection each', false, undefined, CONNECTION_LIMIT],
  ['with a body', true, 'x'.repeat(4_000), LIMIT],
])('requests %s are not promoted after a full collection', async (_, keepAlive, body, limit) => {
  const { gateway, memory, collect } = await startGateway();
  const agent = new Agent({ keepAlive, maxSockets: CONCURRENT });
  try {
    await sendMany(gateway.port, agent, body, REQUESTS);
    // The objects that are young at this time are promoted.
    const requests = sendMany(gateway.port, agent, body, REQUESTS / 4);
    await collect();
    await requests;
    const before = await memory();
    await sendMany(gateway.port, agent, body, REQUESTS);
    const after = await memory();
    expect(after.collections).toBe(before.collections);
    expect((after.old - before.old) / REQUESTS).toBeLessThan(limit);
  } finally {
    agent.destroy();
  }
});
