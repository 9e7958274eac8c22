/** D6: pipelined requests without responses are limited, however few connections carry them. */
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { useWireScenario } from '../support/scenario/wire.ts';

const LIMIT = 20;

const scenario = useWireScenario({
  upstream: 'connections: 1000',
  limits: `connections: ${LIMIT}, drain: 500ms`,
});

async function metric(name: string): Promise<number | undefined> {
  const text = await (await fetch(`${scenario.gateway.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/** Requests without a response. */
function hangingRequests(count: number): string {
  const tags = Array.from({ length: count }, () => scenario.tag());
  for (const tag of tags) scenario.plan(tag, () => undefined);
  return tags.map((tag) => scenario.requestFor(tag)).join('');
}

const inFlight = (): Promise<number | undefined> => metric('gatehouse_requests_in_flight');

test('a connection with more requests in flight than server.limits.connections is closed', async () => {
  const client = await scenario.connect();
  client.write(hangingRequests(LIMIT * 10));
  await eventually('the end of the connection', () => !client.isOpen());
  expect(scenario.upstream.requests().length).toBeLessThanOrEqual(LIMIT);
  await eventually('no requests in flight', async () => (await inFlight()) === 0);
  expect(await metric('gatehouse_connections_refused_total{limit="pipelined"}')).toBe(1);
  await scenario.expectClean();
});

test('the limit applies to all connections together, and never to a request that is not pipelined', async () => {
  const first = await scenario.connect();
  first.write(hangingRequests(LIMIT));
  await eventually('the requests in flight', async () => (await inFlight()) === LIMIT);
  const second = await scenario.connect();
  await scenario.expectClean(second);
  await scenario.expectClean(second, 'POST');
  second.write(hangingRequests(2));
  await eventually('the end of the second connection', () => !second.isOpen());
  expect(first.isOpen()).toBe(true);
});

test('up to the limit, pipelined requests get their responses, again and again', async () => {
  const client = await scenario.connect();
  for (let round = 0; round < 3; round++) {
    const tags = Array.from({ length: LIMIT }, () => scenario.tag());
    client.write(tags.map((tag) => scenario.requestFor(tag)).join(''));
    for (const tag of tags) expect((await client.next())?.body.startsWith(tag)).toBe(true);
  }
  expect(client.isOpen()).toBe(true);
});
