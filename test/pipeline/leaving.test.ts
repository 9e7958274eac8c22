import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startBlackhole } from '../support/blackhole.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { exchange, openSocket } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

test('requests of disconnected clients keep their connection slot until the upstream attempt ends', async () => {
  const blackhole = keep(await startBlackhole());
  const scenario = keep(
    await startOrdersScenario(blackhole.url, {
      upstream: 'connections: 2, timeouts: { connect: 3s, headers: 3s, idle: 3s }',
    }),
  );
  // Fetches the issuer's keys, so that later requests reach the upstream without delay.
  expect((await scenario.ask('PROPFIND', '/orders/a')).status).toBe(403);
  for (let n = 0; n < 6; n++) {
    const socket = await openSocket(scenario.port);
    // Both requests are parsed from one chunk: the 404 response shows that the gateway has the second one.
    socket.write(scenario.head('GET', '/none') + scenario.head('GET', '/orders/a'));
    await once(socket, 'data');
    socket.destroy();
  }
  const began = performance.now();
  const answer = await scenario.ask('GET', '/orders/b');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  // Earlier than a timeout of the upstream.
  expect(performance.now() - began).toBeLessThan(2_700);
  await eventually(
    'there is room again',
    async () => (await scenario.ask('GET', '/orders/c')).status === 504,
    30_000,
  );
});

/** An upstream whose responses start and never end. */
async function streaming() {
  const upstream = keep(await startRecordingUpstream());
  upstream.respond((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'),
  );
  return upstream;
}

test('a CONNECT after an endless response does not delay the shutdown of the gateway', async () => {
  const upstream = await streaming();
  const scenario = await startOrdersScenario(upstream.url);
  const socket = await openSocket(scenario.port);
  socket.on('error', () => undefined);
  socket.write(scenario.head('GET', '/orders/a'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually('the audit event', () => scenario.auditText().includes('CONNECT'));
  const began = performance.now();
  await scenario.close();
  expect(performance.now() - began).toBeLessThan(3_000);
  socket.destroy();
});

test('garbage after an endless response is audited once', async () => {
  const upstream = await streaming();
  const scenario = keep(await startOrdersScenario(upstream.url));
  const socket = await openSocket(scenario.port);
  socket.on('error', () => undefined);
  socket.write(scenario.head('GET', '/orders/a'));
  await new Promise((resolve) => socket.once('data', resolve));
  for (let n = 0; n < 10; n++) {
    await new Promise((resolve) => socket.write('\u0001garbage\r\n\r\n', resolve));
  }
  await eventually('the audit event', () => scenario.auditText().includes('request_malformed'));
  socket.destroy();
  await eventually('the audit event of the request', () => scenario.auditText().includes('"granted"'));
  expect(scenario.auditText().match(/request_malformed/g)).toHaveLength(1);
});

test('S10 a truncated response does not look complete to an HTTP/1.0 client either', async () => {
  const upstream = keep(await startRecordingUpstream());
  upstream.respond((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    setTimeout(() => socket.destroy(), 100);
  });
  const scenario = keep(await startOrdersScenario(upstream.url));
  const how = await new Promise<string>((resolve) => {
    const socket = connect(scenario.port, '127.0.0.1');
    socket.write(scenario.head('GET', '/orders/a').replace('HTTP/1.1', 'HTTP/1.0'));
    socket.resume();
    socket.once('end', () => resolve('a clean end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });
  expect(how).toBe('ECONNRESET');
  expect(
    await exchange(scenario.port, 'GET /orders/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
  ).toContain(' 401 ');
});

test('shadow mode forwards an unknown operation without identity headers and audits it', async () => {
  const upstream = keep(await startRecordingUpstream());
  const scenario = keep(
    await startOrdersScenario(upstream.url, {
      service:
        'mode: shadow, operations: [{ scope: read_api, methods: [GET] }, { scope: write_api, methods: [PUT] }]',
    }),
  );
  expect((await scenario.ask('DELETE', '/orders/a')).status).toBe(200);
  expect(upstream.bytes()).not.toMatch(/x-auth-identity/i);
  const [line] = await scenario.audit(1);
  expect(line).toMatchObject({
    event: { reason: 'shadow' },
    gatehouse: { relaxed: { reason: 'operation_unknown' } },
  });
});
