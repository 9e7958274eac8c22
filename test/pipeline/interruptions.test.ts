/** One side is faster, earlier or gone: interim answers, early answers, aborts, stale connections. */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { exchange, openSocket, parseResponses } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

describe('interim answers of the upstream are not the client’s', () => {
  test.each([
    ['103', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'],
    ['102, twice', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2)],
  ])('%s, then 200', async (_, interim) => {
    const upstream = keep(await startRecordingUpstream(interim + OK));
    const scenario = keep(await startOrdersScenario(upstream.url));
    const response = await scenario.ask('GET', '/orders/x');
    expect(response).toMatchObject({ status: 200, body: 'ok' });
    expect(response.headers.has('link')).toBe(false);
    expect(upstream.requests()).toHaveLength(1);
    const [event] = await scenario.audit();
    expect(event).toMatchObject({ http: { response: { status_code: 200 } } });
  });

  test('an unexpected 100 fails this request only', async () => {
    const upstream = keep(await startRecordingUpstream(`HTTP/1.1 100 Continue\r\n\r\n${OK}`));
    const scenario = keep(await startOrdersScenario(upstream.url));
    const response = await scenario.ask('POST', '/orders/x', ['Content-Length: 4'], 'body');
    expect([200, 502]).toContain(response.status);
    expect(upstream.requests()).toHaveLength(1);
    upstream.respond(OK);
    expect((await scenario.ask('GET', '/orders/x')).status).toBe(200);
  });
});

describe('an upstream that answers before the upload is complete', () => {
  test.each([
    ['and keeps its connection', 'HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge', false],
    ['and closes', 'HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge', true],
  ])('%s: the client gets that answer, whole, and its connection ends', async (_, answer, closes) => {
    const upstream = keep(
      await startRecordingUpstream(() => {
        throw new Error('this request is never complete');
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const socket = await openSocket(scenario.port);
    let received = '';
    let refused = false;
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('error', () => (refused = true));
    const ended = new Promise((resolve) => socket.once('end', resolve));
    socket.write(scenario.head('PUT', '/orders/x', 'Content-Length: 100000000'));
    const send = setInterval(() => socket.write(Buffer.alloc(16 * 1024)), 5);
    await eventually('the upload runs', () => upstream.bytes().length > 64 * 1024);
    upstream.interrupt((inner: Socket) => {
      inner.write(answer);
      if (closes) inner.end();
    });
    await ended;
    clearInterval(send);
    expect(refused).toBe(false);
    const [response] = parseResponses(received);
    expect(response).toMatchObject({ status: 413, body: 'large' });
    expect(response?.headers.get('connection')).toBe('close');
    socket.destroy();
    await eventually('no upstream connection', () => upstream.open() === 0);
    upstream.respond(OK);
    expect((await scenario.ask('GET', '/orders/x')).status).toBe(200);
  });
});

describe('an upstream that closes the connection early', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\n';
  test.each([
    ['within chunks, by FIN', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n`, false],
    ['within chunks, by RST', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n`, true],
    ['within a known length, by FIN', `${HEAD}Content-Length: 100000\r\n\r\nbegun`, false],
    ['within a known length, by RST', `${HEAD}Content-Length: 100000\r\n\r\nbegun`, true],
  ])('%s: the client can tell', async (_, answer, reset) => {
    const upstream = keep(
      await startRecordingUpstream((socket) => {
        socket.write(answer);
        setTimeout(() => (reset ? socket.resetAndDestroy() : socket.end()), 50);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const received = await exchange(scenario.port, scenario.head('GET', '/orders/x', 'Connection: close'));
    expect(received).toMatch(/^HTTP\/1\.1 200 [^]*begun(\r\n)?$/);
    const [event] = await scenario.audit();
    expect(event).toMatchObject({ event: { reason: 'upstream_unreachable' }, gatehouse: { aborted: true } });
    upstream.respond(OK);
    expect((await scenario.ask('GET', '/orders/x')).status).toBe(200);
  });

  test('within a short body of known length, and within its head: 502', async () => {
    for (const begun of [`${HEAD}Content-Le`, 'HT']) {
      const upstream = keep(
        await startRecordingUpstream((socket) => {
          socket.end(begun);
        }),
      );
      const scenario = keep(await startOrdersScenario(upstream.url));
      expect((await scenario.ask('GET', '/orders/x')).status).toBe(502);
    }
  });
});

describe('a kept connection that turns out to be closed', () => {
  /** Answers the first request of each connection, and resets at the second. */
  async function staleRig() {
    const served = new WeakSet<Socket>();
    const upstream = keep(
      await startRecordingUpstream((socket) => {
        if (served.has(socket)) return void socket.resetAndDestroy();
        served.add(socket);
        socket.write(OK);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const ask = async (method: string, body = ''): Promise<number> => {
      const framing = body === '' ? [] : [`Content-Length: ${body.length}`];
      return (await scenario.ask(method, '/orders/x', framing, body)).status;
    };
    expect(await ask('GET')).toBe(200);
    expect(upstream.accepted()).toBe(1);
    return { upstream, ask };
  }

  test.each(['GET', 'HEAD', 'OPTIONS'])('%s is sent once more, on a new one', async (method) => {
    const { upstream, ask } = await staleRig();
    expect(await ask(method)).toBe(200);
    expect(upstream.requests()).toHaveLength(3);
    expect(upstream.accepted()).toBe(2);
  });

  test('several of them: the request is sent on a new one', async () => {
    const held: Socket[] = [];
    const served = new WeakSet<Socket>();
    const upstream = keep(
      await startRecordingUpstream((socket) => {
        if (served.has(socket)) return void socket.resetAndDestroy();
        served.add(socket);
        held.push(socket);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const ask = async (): Promise<number> => (await scenario.ask('GET', '/orders/x')).status;
    const together = [ask(), ask(), ask()];
    await eventually('three connections', () => upstream.requests().length === 3);
    for (const socket of held.splice(0)) socket.write(OK);
    expect(await Promise.all(together)).toEqual([200, 200, 200]);
    const retried = ask();
    await eventually('a new connection', () => held.length === 1);
    held[0]?.write(OK);
    expect(await retried).toBe(200);
    expect(upstream.accepted()).toBe(4);
    expect(upstream.requests()).toHaveLength(5);
  });

  test.each([
    ['DELETE', ''],
    ['POST', 'body'],
    ['PUT', 'body'],
    ['PATCH', 'body'],
    ['GET', 'body'],
  ])('%s with body "%s" is not: the upstream may have acted on it', async (method, body) => {
    const { upstream, ask } = await staleRig();
    expect(await ask(method, body)).toBe(502);
    expect(upstream.requests()).toHaveLength(2);
  });

  test('once only', async () => {
    const upstream = keep(await startRecordingUpstream());
    const scenario = keep(await startOrdersScenario(upstream.url));
    const ask = async (): Promise<number> => (await scenario.ask('GET', '/orders/x')).status;
    expect(await ask()).toBe(200);
    upstream.respond((socket) => socket.resetAndDestroy());
    expect(await ask()).toBe(502);
    expect(upstream.requests()).toHaveLength(3);
  });

  test('an answer that had begun is no reason to ask again', async () => {
    const upstream = keep(
      await startRecordingUpstream((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun');
        setTimeout(() => socket.resetAndDestroy(), 30);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    await exchange(scenario.port, scenario.head('GET', '/orders/x', 'Connection: close'));
    expect(upstream.requests()).toHaveLength(1);
  });
});
