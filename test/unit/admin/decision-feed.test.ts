import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { DecisionFeed } from '../../../src/admin/console/pages/decisions/decision-feed.ts';
import type { DecisionLog, DecisionRecord } from '../../../src/core/records/decision-record.ts';
import { createDecisionRecorder } from '../../../src/observability/index.ts';
import { sampleEvent } from '../../support/audit-events.ts';
import { closeAfterTest } from '../../support/clean-up.ts';
import { eventually } from '../../support/eventually.ts';

const silent = { error: () => undefined };
const log = createDecisionRecorder({ now: Date.now, config: () => '', candidate: () => undefined });

/** A client of the feed that reads nothing, and its response. */
async function stalledClient(feed: DecisionFeed): Promise<ServerResponse> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
  closeAfterTest({
    close() {
      socket.destroy();
      server.close();
    },
  });
  feed.add(res, {}, () => true);
  return res;
}

test('a stalled client is disconnected, and its unread bytes are bounded', async () => {
  const row = 'r'.repeat(1024 * 1024);
  const feed = new DecisionFeed(
    (): DecisionLog => log,
    (records: readonly DecisionRecord[]) => Promise.resolve(records.map(() => row).join('')),
    silent,
  );
  const res = await stalledClient(feed);
  let unread = 0;
  await eventually('the end of the connection', () => {
    for (let index = 0; index < 30; index++) log.write(sampleEvent());
    unread = Math.max(unread, res.writableLength);
    return res.destroyed;
  });
  // One event with at most 20 rows, each 1 MiB in this test.
  expect(unread).toBeLessThan(42 * 1024 * 1024);
  expect(feed.full).toBe(false);
});

test('a client that leaves while its rows are rendered receives nothing', async () => {
  const rendering = Promise.withResolvers<string>();
  let started = false;
  const feed = new DecisionFeed(
    (): DecisionLog => log,
    () => {
      started = true;
      return rendering.promise;
    },
    silent,
  );
  const res = await stalledClient(feed);
  await eventually('the start of rendering', () => {
    log.write(sampleEvent());
    return started;
  });
  res.destroy();
  await once(res, 'close');
  rendering.resolve('rows');
  await rendering.promise;
  expect(res.writableLength).toBe(0);
});

test('a fault of the rows is logged and disconnects the pages', async () => {
  const logged: unknown[] = [];
  const feed = new DecisionFeed(
    (): DecisionLog => log,
    () => Promise.reject(new TypeError('fault')),
    { error: (message, fields) => void logged.push(message, fields) },
  );
  const res = await stalledClient(feed);
  await eventually('the end of the connection', () => {
    log.write(sampleEvent());
    return res.destroyed;
  });
  expect(logged).toEqual(['live updates of the console failed', { error: 'TypeError' }]);
});
