/** Requests beyond `upstream.connections` wait for a place, in order and for `queueTimeout`. */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { openSocket } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { requestLines } from '../support/scenario/recorded.ts';
import { startOrdersScenario, type OrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

/** An upstream whose responses the test releases one at a time. */
async function heldRig(more = '') {
  const held: Socket[] = [];
  const upstream = keep(await startRecordingUpstream((socket) => void held.push(socket)));
  const scenario = keep(await startOrdersScenario(upstream.url, { upstream: `connections: 1${more}` }));
  const ask = (name: string): Promise<number> =>
    scenario.ask('GET', `/orders/${name}`).then(({ status }) => status);
  const release = async (): Promise<void> => {
    const socket = await eventually('a request at the upstream', () => held.shift());
    socket.write(OK);
  };
  return { upstream, scenario, ask, release };
}

async function waits(scenario: OrdersScenario): Promise<string> {
  return (await fetch(`${scenario.adminUrl}/metrics`)).text();
}

/** The gateway has received the request, which is not at the upstream. */
async function asked(scenario: OrdersScenario, count: number): Promise<void> {
  await eventually(`${count} requests in flight`, async () =>
    (await waits(scenario)).includes(`gatehouse_requests_in_flight ${count}`),
  );
}

describe('a request beyond upstream.connections', () => {
  test('waits for a place; the waiting requests go in order', async () => {
    const { upstream, scenario, ask, release } = await heldRig(', queueTimeout: 10s');
    const first = ask('1');
    await eventually('the first is at the upstream', () => upstream.requests().length === 1);
    const second = ask('2');
    await asked(scenario, 2);
    const third = ask('3');
    await asked(scenario, 3);
    expect(upstream.requests()).toHaveLength(1);
    for (let each = 0; each < 3; each++) await release();
    expect(await Promise.all([first, second, third])).toEqual([200, 200, 200]);
    expect(requestLines(upstream)).toEqual(['1', '2', '3'].map((name) => `GET /${name} HTTP/1.1`));
    expect(await waits(scenario)).toContain('gatehouse_upstream_queue_seconds_count{service="orders"} 2');
  });

  test('gets 503 after queueTimeout', async () => {
    const { upstream, scenario, ask, release } = await heldRig(', queueTimeout: 50ms');
    const first = ask('1');
    await eventually('the first is at the upstream', () => upstream.requests().length === 1);
    const second = await scenario.ask('GET', '/orders/2');
    expect(second.status).toBe(503);
    expect(JSON.parse(second.body)).toMatchObject({ error: 'overloaded' });
    await release();
    expect(await first).toBe(200);
    expect(await waits(scenario)).toContain('gatehouse_upstream_queue_seconds_count{service="orders"} 1');
  });

  test('leaves the queue with its client', async () => {
    const { upstream, scenario, ask, release } = await heldRig(', queueTimeout: 10s');
    const first = ask('1');
    await eventually('the first is at the upstream', () => upstream.requests().length === 1);
    const client = await openSocket(scenario.port);
    client.write(scenario.head('GET', '/orders/2'));
    await asked(scenario, 2);
    client.destroy();
    await asked(scenario, 1);
    await release();
    expect(await first).toBe(200);
    expect(upstream.requests()).toHaveLength(1);
  });
});
