/** Events of a kept-alive connection between the dispatch of a request and its write, in one turn of the event loop. */
import { expect, test } from 'vitest';
import { createConnector } from '../../../../../src/proxy/transport/connector.ts';
import { ConnectionPool } from '../../../../../src/proxy/transport/http1/connection-pool.ts';
import type { RequestControl } from '../../../../../src/proxy/transport/upstream-request.ts';
import { cleanUp } from '../../../../support/clean-up.ts';
import { OK, startRecordingUpstream } from '../../../../support/recording-upstream.ts';

const keep = cleanUp();

async function start() {
  const upstream = keep(await startRecordingUpstream());
  const connector = createConnector({ url: upstream.url, timeout: 5_000 }, {});
  const timeouts = { headers: 5_000, idle: 5_000, unboundedStreams: false };
  const pool = new ConnectionPool(connector, { maxConnections: 10, lifetime: 60_000, timeouts });
  keep({ close: () => Promise.resolve(pool.close()) });

  /** The status and body of a response, or the code of an error. */
  function send(method: string, started?: (control: RequestControl) => void): Promise<string> {
    let response = '';
    const repeatable = method === 'GET';
    return new Promise((resolve) => {
      pool.dispatch(
        { method, path: `/${method}`, headers: ['Host', 'upstream'], repeatable },
        {
          onRequestStart: (control) => started?.(control),
          onResponseStart: (_, { status }) => void (response = `${status} `),
          onResponseData: (_, view) => void (response += view.toString('latin1')),
          onResponseEnd: () => resolve(response),
          onResponseError: (_, error) => resolve(String(error)),
        },
      );
    });
  }

  /** Calls `act` in the timers phase: the poll phase, and with it the events of `act`, precede the write. */
  const beforePoll = <T>(act: () => T): Promise<T> =>
    new Promise((resolve) => setTimeout(() => resolve(act()), 0));

  expect(await send('GET')).toBe('200 ok');
  expect(upstream.open()).toBe(1);
  return { upstream, send, beforePoll };
}

test.each(['GET', 'POST', 'DELETE'])(
  'a %s that the closed connection did not get is sent once, on another',
  async (method) => {
    const { upstream, send, beforePoll } = await start();
    const response = await beforePoll(() => {
      upstream.interrupt((socket) => socket.destroy());
      return send(method);
    });
    expect(response).toBe('200 ok');
    expect(upstream.accepted()).toBe(2);
    expect(upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
      'GET /GET HTTP/1.1',
      `${method} /${method} HTTP/1.1`,
    ]);
  },
);

test.each(['GET', 'POST'])('a response before its request is no response to a %s', async (method) => {
  const { upstream, send, beforePoll } = await start();
  const response = await beforePoll(() => {
    upstream.interrupt((socket) => void socket.write(OK.replace('ok', 'no')));
    return send(method);
  });
  expect(response).toBe('200 ok');
  expect(upstream.accepted()).toBe(2);
  expect(upstream.requests()).toHaveLength(2);
});

test('a request that is aborted in the same turn is not sent', async () => {
  const { upstream, send } = await start();
  void send('POST', (control) => control.abort());
  void send('DELETE', (control) => queueMicrotask(() => control.abort()));
  expect(await send('GET')).toBe('200 ok');
  expect(upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
    'GET /GET HTTP/1.1',
    'GET /GET HTTP/1.1',
  ]);
});

test('the requests of one turn are each written whole, on separate connections', async () => {
  const { upstream, send } = await start();
  const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'];
  expect(await Promise.all(methods.map((method) => send(method)))).toEqual(methods.map(() => '200 ok'));
  expect(upstream.accepted()).toBe(5);
  expect(
    upstream
      .requests()
      .map(({ requestLine }) => requestLine)
      .sort(),
  ).toEqual(['GET', ...methods].map((method) => `${method} /${method} HTTP/1.1`).sort());
});
