/** Bodies go through as they come: bounded in memory, unbounded in time, whole or recognisably not. */
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { plateau } from '../support/plateau.ts';
import { exchange, openSocket, rawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();
const MIB = 1024 * 1024;

/** Upper bound of bytes buffered in kernels and streams while the peer does not read; far below the body size. */
const IN_TRANSIT = 32 * MIB;

describe('backpressure', () => {
  test('a client that reads slowly holds the upstream back, and gets all 64 MiB in the end', async () => {
    const body = randomBytes(64 * MIB);
    let sent = 0;
    const upstream = keep(
      await startHttpUpstream((_req, res) => {
        res.writeHead(200, { 'Content-Length': body.length });
        const source = Readable.from(slices(body, (bytes) => (sent += bytes)));
        source.pipe(res);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const response = await new Promise<IncomingMessage>((resolve) => {
      const headers = { Authorization: `Bearer ${scenario.token}` };
      httpRequest(`${scenario.url}/orders/x`, { headers }, resolve).end();
    });
    response.pause();
    const held = await plateau(() => sent);
    expect(held).toBeLessThan(IN_TRANSIT);

    const digest = createHash('sha256');
    for await (const chunk of response) digest.update(chunk as Buffer);
    expect(digest.digest('hex')).toBe(sha256(body));
  });

  test('an upstream that reads slowly holds the client back, and gets all 64 MiB in the end', async () => {
    const body = randomBytes(64 * MIB);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const upstream = keep(
      await startHttpUpstream((req, res) => {
        const digest = createHash('sha256');
        void released.then(() => req.on('data', (chunk: Buffer) => digest.update(chunk)));
        req.on('end', () => res.end(digest.digest('hex')));
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    let sent = 0;
    const request = httpRequest(`${scenario.url}/orders/x`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${scenario.token}`, 'Content-Length': body.length },
    });
    const answered = new Promise<string>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (res) => res.setEncoding('utf8').on('data', resolve));
    });
    Readable.from(slices(body, (bytes) => (sent += bytes))).pipe(request);
    expect(await plateau(() => sent)).toBeLessThan(IN_TRANSIT);
    release();
    expect(await answered).toBe(sha256(body));
  });
});

test('a chunked push of 48 MiB in odd pieces arrives byte for byte', async () => {
  const body = randomBytes(48 * MIB);
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      const digest = createHash('sha256');
      req.on('data', (chunk: Buffer) => digest.update(chunk));
      req.on('end', () =>
        res.end(
          JSON.stringify([
            digest.digest('hex'),
            req.headers['transfer-encoding'],
            req.headers['content-length'],
          ]),
        ),
      );
    }),
  );
  const scenario = keep(await startOrdersScenario(upstream.url));
  const answer = await fetch(`${scenario.url}/orders/x`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${scenario.token}` },
    body: Readable.toWeb(Readable.from(slices(body, undefined, 99_991))) as ReadableStream,
    duplex: 'half',
  });
  expect(await answer.json()).toEqual([sha256(body), 'chunked', null]);
});

describe('time', () => {
  test('a body that takes far longer than the idle time passes, as long as it moves', async () => {
    const upstream = keep(await startRecordingUpstream());
    const scenario = keep(await startOrdersScenario(upstream.url, { limits: 'bodyIdle: 250ms' }));
    const socket = await openSocket(scenario.port);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.write(scenario.head('PUT', '/orders/x', `Content-Length: ${20 * 2048}`));
    const began = performance.now();
    let pieces = 0;
    const timer = setInterval(() => {
      socket.write('x'.repeat(2048));
      if (++pieces === 20) clearInterval(timer);
    }, 60);
    await eventually('the answer', () => received !== '', 10_000);
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(performance.now() - began).toBeGreaterThan(4 * 250);
    expect(upstream.requests()[0]?.body).toHaveLength(20 * 2048);
    socket.destroy();
  });

  test('a response that trickles is complete, long after five times the idle time', async () => {
    const idle = 100;
    const pieces = 40;
    const upstream = keep(
      await startHttpUpstream((_req, res) => {
        let sent = 0;
        const timer = setInterval(() => {
          res.write('x');
          if (++sent < pieces) return;
          clearInterval(timer);
          res.end();
        }, 25);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url, { limits: `bodyIdle: ${idle}ms` }));
    const began = performance.now();
    const answer = await scenario.ask('GET', '/orders/x');
    expect(answer.body.match(/x/g)).toHaveLength(pieces);
    expect(performance.now() - began).toBeGreaterThan(5 * idle);
  });

  test('a reader that stalls is cut after five times the idle time, not before', async () => {
    const idle = 300;
    const upstream = keep(await startHttpUpstream((_req, res) => res.end(Buffer.alloc(64 * 1024 * 1024))));
    const scenario = keep(await startOrdersScenario(upstream.url, { limits: `bodyIdle: ${idle}ms` }));
    const socket = await openSocket(scenario.port);
    socket.on('error', () => undefined);
    socket.pause();
    const began = performance.now();
    socket.write(scenario.head('GET', '/orders/x'));
    const [event] = await scenario.audit(1);
    expect(event).toMatchObject({ event: { reason: 'body_timeout' }, gatehouse: { aborted: true } });
    expect(performance.now() - began).toBeGreaterThan(5 * idle);
    socket.destroy();
  });

  test('a slow upstream may take longer than the client’s idle time', async () => {
    const upstream = keep(
      await startHttpUpstream((req, res) => {
        req.resume();
        req.on('end', () => setTimeout(() => res.end('late'), 800));
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url, { limits: 'bodyIdle: 100ms' }));
    const answer = await rawResponse(
      scenario.port,
      `${scenario.head('PUT', '/orders/x', 'Content-Length: 4', 'Connection: close')}body`,
      {
        quiet: 5_000,
      },
    );
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('late') });
  });

  test('the head of an answer does not wait for its body, nor a chunk for the next', async () => {
    const steps: (() => void)[] = [];
    const upstream = keep(
      await startRecordingUpstream((socket) => {
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
        );
        steps.push(
          () => socket.write('3\r\none\r\n'),
          () => socket.write('3\r\ntwo\r\n'),
          () => socket.write('0\r\n\r\n'),
        );
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const socket = await openSocket(scenario.port);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.write(scenario.head('GET', '/orders/events'));
    await eventually('the head', () => received.includes('\r\n\r\n'));
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    for (const end of ['3\r\none\r\n', '3\r\ntwo\r\n', '0\r\n\r\n']) {
      steps.shift()?.();
      await eventually(JSON.stringify(end), () => received.endsWith(end));
    }
    socket.destroy();
  });
});

describe('trailers', () => {
  test('the client’s reach nobody', async () => {
    const upstream = keep(await startRecordingUpstream());
    const scenario = keep(await startOrdersScenario(upstream.url));
    const body = '4\r\nbody\r\n0\r\nX-Auth-Identity: admin\r\nX-Trailer: t\r\n\r\n';
    const head = scenario.head(
      'PUT',
      '/orders/x',
      'Transfer-Encoding: chunked',
      'Trailer: X-Auth-Identity, X-Trailer',
      'TE: trailers',
    );
    expect((await rawResponse(scenario.port, head + body)).status).toBe(200);
    expect(upstream.requests()[0]?.body).toBe('4\r\nbody\r\n0\r\n\r\n');
    expect(upstream.bytes()).not.toMatch(/trailer|admin|\bTE:/i);
  });

  test('the upstream’s reach nobody', async () => {
    const answer =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n4\r\nbody\r\n0\r\nX-Trailer: t\r\n\r\n';
    const upstream = keep(await startRecordingUpstream(answer));
    const scenario = keep(await startOrdersScenario(upstream.url));
    const received = await exchange(scenario.port, scenario.head('GET', '/orders/x'));
    expect(received.endsWith('\r\n\r\n4\r\nbody\r\n0\r\n\r\n')).toBe(true);
    expect(received).not.toMatch(/trailer/i);
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function* slices(body: Buffer, onSlice?: (bytes: number) => unknown, size = 64 * 1024): Generator<Buffer> {
  for (let at = 0; at < body.length; at += size) {
    const slice = body.subarray(at, at + size);
    onSlice?.(slice.length);
    yield slice;
  }
}
