/** D2, D3, D5: requests refused before they cost anything, and upstreams that do not respond. */
import { describe, expect, test } from 'vitest';
import { startBlackhole } from '../support/blackhole.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { exchange, openSocket, parseResponses, rawResponse } from '../support/raw-client.ts';
import { OK, startRecordingUpstream, type Answer } from '../support/recording-upstream.ts';
import { startOrdersScenario, type OrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();
const TEN_GB = 'Content-Length: 10000000000';

async function expectGood(rig: OrdersScenario, path = '/orders/'): Promise<void> {
  const answer = await fetch(rig.url + path, { headers: { Authorization: `Bearer ${rig.token}` } });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
}

describe('D2 pre-auth 100: 100 Continue is sent only for an allowed request', () => {
  const plain = (...headers: string[]): string =>
    ['PUT /orders/x HTTP/1.1', 'Host: gateway.example.com', ...headers, '', ''].join('\r\n');

  test.each([
    ['no token', () => plain('Expect: 100-continue', TEN_GB), 401],
    ['a bad token', () => plain('Expect: 100-continue', TEN_GB, 'Authorization: Bearer eyJ.x.y'), 401],
    ['no service', (rig: OrdersScenario) => rig.head('PUT', '/nothing', 'Expect: 100-continue', TEN_GB), 404],
    [
      'no operation',
      (rig: OrdersScenario) => rig.head('BREW', '/orders/x', 'Expect: 100-continue', TEN_GB),
      400,
    ],
    [
      'not granted',
      (rig: OrdersScenario) => rig.head('PUT', '/closed/x', 'Expect: 100-continue', TEN_GB),
      403,
    ],
    ['too large', (rig: OrdersScenario) => rig.head('PUT', '/orders/x', 'Expect: 100-continue', TEN_GB), 413],
    [
      'ambiguous',
      (rig: OrdersScenario) => rig.head('PUT', '/orders/../x', 'Expect: 100-continue', TEN_GB),
      400,
    ],
  ])('D2 %s: the first bytes are the refusal', async (_, request, status) => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(
      await startOrdersScenario(upstream.url, {
        service: 'limits: { bodyBytes: 1MiB }',
        services: `  closed: { type: http, path: /closed/, upstream: { url: "${upstream.url}/" } }`,
      }),
    );
    const received = await exchange(rig.port, request(rig));
    expect(received.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
    expect(received).not.toContain('100 Continue');
    expect(upstream.bytes()).toBe('');
    await expectGood(rig);
  });

  test('D2 allowed: 100, then the body, then the answer; Expect does not travel', async () => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(await startOrdersScenario(upstream.url));
    const socket = await openSocket(rig.port);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.write(rig.head('PUT', '/orders/x', 'Expect: 100-continue', 'Content-Length: 5'));
    await eventually('100', () => received === 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('hello');
    await eventually('200', () => received.endsWith('ok'));
    expect(parseResponses(received).map(({ status }) => status)).toEqual([100, 200]);
    expect(upstream.requests()).toMatchObject([{ body: 'hello' }]);
    expect(upstream.bytes().toLowerCase()).not.toContain('expect');
    socket.destroy();
  });
});

describe('D3 sizes', () => {
  test.each([
    [
      'a header of 33 KB',
      (rig: OrdersScenario) => rig.head('GET', '/orders/', `X-Big: ${'x'.repeat(33 * 1024)}`),
    ],
    ['a target of 33 KB', (rig: OrdersScenario) => rig.head('GET', `/orders/${'x'.repeat(33 * 1024)}`)],
    ['101 headers', (rig: OrdersScenario) => rig.head('GET', '/orders/', ...headers(101 - 2))],
  ])('D3 %s: 431, ∅', async (_, request) => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(await startOrdersScenario(upstream.url));
    expect((await rawResponse(rig.port, request(rig))).status).toBe(431);
    expect(upstream.bytes()).toBe('');
    const [event] = await rig.audit();
    expect(event?.event.reason).toBe('headers_too_large');
    await expectGood(rig);
  });

  test('D3 100 headers pass', async () => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(await startOrdersScenario(upstream.url));
    const answer = await rawResponse(rig.port, rig.head('GET', '/orders/', ...headers(100 - 2)));
    expect(answer.status).toBe(200);
  });

  const CAP = { service: 'limits: { bodyBytes: 1KiB }' };

  test('D3 a Content-Length over the cap: 413 before any of the body, ∅', async () => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(await startOrdersScenario(upstream.url, CAP));
    const answer = await rawResponse(rig.port, rig.head('PUT', '/orders/x', 'Content-Length: 1025'));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'body_too_large' });
    expect(upstream.bytes()).toBe('');
    await expectGood(rig);
  });

  test('D3 chunks over the cap: 413, the upstream never sees the request end', async () => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(await startOrdersScenario(upstream.url, CAP));
    const chunk = `200\r\n${'x'.repeat(512)}\r\n`;
    const request = rig.head('PUT', '/orders/x', 'Transfer-Encoding: chunked') + chunk.repeat(3);
    const answer = await rawResponse(rig.port, `${request}0\r\n\r\n`);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'body_too_large' });
    await eventually('no upstream connection', () => upstream.open() === 0);
    expect(upstream.requests()).toEqual([]);
    const [event] = await rig.audit();
    expect(event?.event.reason).toBe('body_too_large');
    await expectGood(rig);
  });

  test.each([
    ['Content-Length', ['Content-Length: 1024'], 'x'.repeat(1024)],
    ['chunks', ['Transfer-Encoding: chunked'], `400\r\n${'x'.repeat(1024)}\r\n0\r\n\r\n`],
  ])('D3 exactly the cap passes (%s)', async (_, framing, body) => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(await startOrdersScenario(upstream.url, CAP));
    expect((await rawResponse(rig.port, rig.head('PUT', '/orders/x', ...framing) + body)).status).toBe(200);
    expect(upstream.requests()).toHaveLength(1);
  });
});

describe('D5 an upstream that hangs: 504 in bound, other routes are fine', () => {
  const TIMEOUTS = 'timeouts: { connect: 500ms, headers: 500ms, idle: 500ms }';

  async function expectTimeout(rig: OrdersScenario): Promise<void> {
    const began = performance.now();
    const waiting = fetch(`${rig.url}/orders/x`, { headers: { Authorization: `Bearer ${rig.token}` } });
    await expectGood(rig, '/fine/');
    const answer = await waiting;
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ error: 'upstream_timeout' });
    expect(performance.now() - began).toBeLessThan(5_000);
    await expectGood(rig, '/fine/');
  }

  /** A second service that answers, open to everybody. */
  async function besideAFineOne(hangingUrl: string): Promise<OrdersScenario> {
    const fine = keep(await startRecordingUpstream());
    const anonymous = '[{ scopes: [read_api], resources: ["**"] }]';
    return keep(
      await startOrdersScenario(hangingUrl, {
        upstream: TIMEOUTS,
        services: `  fine: { type: http, path: /fine/, upstream: { url: "${fine.url}/" }, anonymous: ${anonymous} }`,
      }),
    );
  }

  test('D5 it takes no connection', async () => {
    const hole = keep(await startBlackhole());
    await expectTimeout(await besideAFineOne(hole.url));
  });

  test.each<[string, Answer]>([
    ['it answers nothing', () => undefined],
    ['it drips its head', (socket) => dripInto(socket, 'X-A: b\r\n', 'HTTP/1.1 200 OK\r\n')],
  ])('D5 %s', async (_, answer) => {
    const upstream = keep(await startRecordingUpstream(answer));
    const rig = await besideAFineOne(upstream.url);
    await expectTimeout(rig);
    await eventually('no upstream connection', () => upstream.open() === 0);
    upstream.respond(OK);
    await expectGood(rig);
  });

  test('D5 it sends interim answers for ever: 502', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n';
    const upstream = keep(await startRecordingUpstream((socket) => dripInto(socket, hints)));
    const rig = await besideAFineOne(upstream.url);
    const request = rig.head('GET', '/orders/x', 'Connection: close');
    const answer = await rawResponse(rig.port, request, { quiet: 10_000 });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'upstream_invalid' });
    await eventually('no upstream connection', () => upstream.open() === 0);
    await expectGood(rig, '/fine/');
  });

  test('D5 it stops in the middle of its body: the client sees no end of it', async () => {
    const begun = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n';
    const upstream = keep(await startRecordingUpstream(begun));
    const rig = await besideAFineOne(upstream.url);
    const received = await exchange(rig.port, rig.head('GET', '/orders/x'), { quiet: 4_000 });
    expect(received).toMatch(/\r\n5\r\nbegun\r\n$/);
    const [event] = await rig.audit();
    expect(event).toMatchObject({ event: { reason: 'upstream_timeout' }, gatehouse: { aborted: true } });
    await eventually('no upstream connection', () => upstream.open() === 0);
    await expectGood(rig, '/fine/');
  });
});

function headers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `X-${index}: a`);
}

function dripInto(socket: Parameters<Exclude<Answer, string>>[0], piece: string, first = ''): void {
  socket.write(first);
  const timer = setInterval(() => socket.write(piece), 20);
  socket.once('close', () => clearInterval(timer));
}
