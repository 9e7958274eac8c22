/** Kept-alive connections that the upstream has closed or is about to close (design.md §9). */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

/** Several kept-alive connections. With `answer`, each of them answers its second request with it and closes. */
async function pooled(answer?: string, head = OK) {
  const served = new WeakSet<Socket>();
  const held: Socket[] = [];
  const upstream = keep(
    await startRecordingUpstream((socket) => {
      if (served.has(socket) && answer !== undefined)
        return void (answer === '' ? socket.destroy() : socket.end(answer));
      served.add(socket);
      held.push(socket);
    }),
  );
  const scenario = keep(await startOrdersScenario(upstream.url));
  const ask = async (method: string, body = ''): Promise<number> => {
    const framing = body === '' ? [] : [`Content-Length: ${body.length}`];
    return (await scenario.ask(method, '/orders/x', framing, body)).status;
  };
  const release = (): void => held.splice(0).forEach((socket) => void socket.write(head));
  const together = Array.from({ length: 5 }, () => ask('GET'));
  await eventually('five connections', () => held.length === 5);
  release();
  expect(await Promise.all(together)).toEqual([200, 200, 200, 200, 200]);
  /** Sends one request, whose connection may be a new one. */
  async function once(method: string, body = ''): Promise<number> {
    let status: number | undefined;
    void ask(method, body).then((received) => (status = received));
    await eventually('a response', () => {
      release();
      return status !== undefined;
    });
    return status ?? 0;
  }
  return { upstream, once };
}

describe('with five dead connections in the pool', () => {
  test('a GET is answered on a new connection', async () => {
    const { upstream, once } = await pooled('');
    expect(await once('GET')).toBe(200);
    expect(upstream.accepted()).toBe(6);
  });

  test('a 408 is no response to the request that follows it', async () => {
    const { upstream, once } = await pooled('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
    expect(await once('GET')).toBe(200);
    expect(upstream.accepted()).toBe(6);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    '%s does not meet one that was idle for a second',
    async (method) => {
      const { upstream, once } = await pooled('');
      const since = performance.now();
      await eventually('a second', () => performance.now() - since > 1_000);
      expect(await once(method, method === 'DELETE' ? '' : 'body')).toBe(200);
      expect(upstream.accepted()).toBe(6);
    },
  );
});

test.each([
  ['without Keep-Alive, within 5 s', OK, 3_000],
  ['below the limit of the upstream', OK.replace('\r\n', '\r\nKeep-Alive: timeout=2\r\n'), 500],
])('idle connections are closed %s', async (_, head, atLeast) => {
  const { upstream } = await pooled(undefined, head);
  const since = performance.now();
  await eventually('no upstream connection', () => upstream.open() === 0);
  expect(performance.now() - since).toBeGreaterThan(atLeast);
});

test('bytes on an idle connection close it; the next response is its own', async () => {
  const { upstream, once } = await pooled();
  upstream.interrupt((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'));
  await eventually('no upstream connection', () => upstream.open() === 0);
  expect(await once('POST', 'body')).toBe(200);
  expect(upstream.accepted()).toBe(6);
});
