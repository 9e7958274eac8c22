/** 5,000 idle and 500 active connections: flat memory, and one audit event per request. */
import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { growthBetween, liveMemory, MEASURED_MEMORY } from './support/live-memory.ts';
import { watchProcess } from './support/process-watch.ts';
import { sleep, startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const IDLE = 5_000;
const ACTIVE = 500;
const SECONDS = scaled(25, 300);

/** A client address per 250 connections. */
const address = (connection: number): string => `127.0.${1 + Math.floor(connection / 250)}.1`;

async function openIdle(port: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (let first = 0; first < IDLE; first += 250) {
    const next = Array.from({ length: 250 }, (_, n) =>
      connect({ port, host: '127.0.0.1', localAddress: address(first + n) }),
    );
    for (const socket of next) socket.on('error', () => undefined);
    await Promise.all(next.map((socket) => once(socket, 'connect')));
    sockets.push(...next);
  }
  return sockets;
}

/** The number of lines, and of different request ids. */
async function countEvents(file: string): Promise<{ lines: number; ids: number }> {
  const ids = new Set<string>();
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    lines += 1;
    ids.add((JSON.parse(line) as { http: { request: { id: string } } }).http.request.id);
  }
  return { lines, ids: ids.size };
}

faultCase('5,000 idle and 500 active connections', SECONDS + 20, async (report) => {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      limits: 'drainDelay: 10ms, headersTimeout: 1h, keepAlive: 1h',
      upstreamKeys: 'connections: 600',
      environment: MEASURED_MEMORY,
      more: () => 'audit: { file: audit.log }\n',
    }),
  );
  const { gateway, token } = scene;
  const idle = await openIdle(gateway.port);
  const watch = watchProcess(gateway);
  const traffic = startTraffic({
    url: `${gateway.url}/orders/x`,
    token,
    connections: ACTIVE,
    pause: 1_000,
    from: (connection) => address(IDLE + connection),
  });
  // The heap grows to its working size first.
  await sleep((SECONDS * 1000) / 3);
  const before = await liveMemory(gateway);
  watch.reset();
  await sleep((SECONDS * 2000) / 3);
  const figures = await watch.stop();
  const live = growthBetween(before, await liveMemory(gateway));
  await traffic.stop();
  const closed = idle.filter(({ destroyed }) => destroyed).length;
  for (const socket of idle) socket.destroy();
  expect(await gateway.signal('SIGTERM')).toBe(0);
  const events = await countEvents(join(scene.folder, 'audit.log'));
  const { ids, resets, statuses } = traffic;
  report({
    requests: ids.length,
    resets: resets.length,
    'idle closed': closed,
    'audit events': events.lines,
    ...figures,
    ...live,
  });
  expect(resets).toEqual([]);
  expect([...statuses.keys()]).toEqual([200]);
  expect(closed).toBe(0);
  expect(events).toEqual({ lines: ids.length, ids: ids.length });
  expect(figures['RSS MiB']).toBeLessThan(512);
  // In the short form the heap still grows to its working size. A leak of 1 KiB per request is about 25 MiB a minute.
  expect(live['live heap MiB/min']).toBeLessThan(scaled(1_000, 10));
  expect(live['live RSS MiB/min']).toBeLessThan(scaled(1_000, 10));
  // Generous: the load generator and the gateway share the cores.
  expect(figures['longest stall ms']).toBeLessThan(5_000);
});
