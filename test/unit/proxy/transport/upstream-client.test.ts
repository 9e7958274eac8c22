import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EgressPool } from '../../../../src/core/ports.ts';
import { createEgressClient } from '../../../../src/proxy/index.ts';
import { promptly } from '../../../support/promptly.ts';

let server: Server;
let url: string;
let egress: ReturnType<typeof createEgressClient>;
/** Requests in flight at the server: now, and the maximum. */
let flying: { now: number; most: number };

beforeEach(async () => {
  flying = { now: 0, most: 0 };
  server = createServer(({ url: path = '' }, res) => {
    flying.now += 1;
    flying.most = Math.max(flying.most, flying.now);
    res.on('close', () => (flying.now -= 1));
    const wait = Number(path.slice(1));
    if (Number.isFinite(wait)) setTimeout(() => res.end('{}'), wait);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  egress = createEgressClient();
});
afterEach(async () => {
  await egress.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get = (path: string, pool: EgressPool = 'key sets', deadline = 5_000) =>
  egress.get({ url: `${url}/${path}`, pool, deadline });

/** The outcome of each request: its status, or the kind of its failure. */
const outcomes = async (requests: readonly ReturnType<typeof get>[]): Promise<(number | string)[]> =>
  (await Promise.all(requests)).map((each) => (each.kind === 'response' ? each.status : each.kind));

test('an unreadable CA file is a failed request', async () => {
  const call = egress.get({ url, pool: 'key sets', caFile: '/nonexistent/ca.pem' });
  expect(await outcomes([call])).toEqual(['failed']);
});

describe('the connections of one pool', () => {
  test('the deadline of a request starts when it is sent, not while it waits for a connection', async () => {
    const requests = Array.from({ length: 64 }, () => get('500', 'key sets', 900));
    expect(await outcomes(requests)).toEqual(requests.map(() => 200));
    expect(flying.most).toBe(32);
  });

  test('requests never wait for those of another pool', async () => {
    const slow = Array.from({ length: 40 }, () => get('hang', 'job tokens, first', 1_000));
    await promptly(900, async () => {
      expect(await outcomes([get('0', 'key sets'), get('0', 'job tokens, renewal')])).toEqual([200, 200]);
    });
    await outcomes(slow);
  });

  test('a request that finds no connection within its deadline was not sent', async () => {
    const slow = Array.from({ length: 32 }, () => get('hang', 'key sets', 2_000));
    const waiting = get('0', 'key sets', 200);
    expect(await outcomes([waiting])).toEqual(['unreachable']);
    expect(await outcomes(slow)).toEqual(slow.map(() => 'failed'));
    expect(await outcomes([get('0')])).toEqual([200]);
  });
});
