/** How an upstream response is relayed to the client: framing, connection, redirects, faults. */
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { exchange, openSocket, parseResponses, rawRequest, rawResponse } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

async function rigFor(answer: string, options: Parameters<typeof startOrdersScenario>[1] = {}) {
  const upstream = keep(await startRecordingUpstream(answer));
  const scenario = keep(await startOrdersScenario(upstream.url, options));
  return { upstream, scenario };
}

interface Expected {
  readonly status: number;
  readonly length?: string;
  readonly chunked?: true;
  readonly body: string;
  /** What may follow such an answer is in doubt: the upstream gets a new connection. */
  readonly renewed?: true;
}

describe('framing and the connection', () => {
  const BODY = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
  const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  test.each<[string, string, string, Expected]>([
    ['a body of known length', 'GET', BODY, { status: 200, length: '5', body: 'hello' }],
    [
      'an empty body',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      { status: 200, length: '0', body: '' },
    ],
    [
      'chunks',
      'GET',
      `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`,
      { status: 200, chunked: true, body: '5\r\nhello\r\n0\r\n\r\n' },
    ],
    ['chunks, but none', 'GET', `${CHUNKED}0\r\n\r\n`, { status: 200, length: '0', body: '' }],
    [
      'a HEAD with a length',
      'HEAD',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      { status: 200, length: '5', body: '' },
    ],
    ['a HEAD without', 'HEAD', 'HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n', { status: 200, body: '', renewed: true }],
    ['a HEAD of chunks', 'HEAD', CHUNKED, { status: 200, body: '' }],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '' }],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', { status: 304, body: '' }],
    [
      '304 with the length of what it stands for',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
      { status: 304, length: '5', body: '', renewed: true },
    ],
    ['the answer to a DELETE', 'DELETE', BODY, { status: 200, length: '5', body: 'hello' }],
    [
      '404',
      'GET',
      'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone',
      { status: 404, length: '4', body: 'gone' },
    ],
    [
      '503 of the upstream',
      'GET',
      'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n',
      { status: 503, length: '0', body: '' },
    ],
  ])('%s: relayed, and the connections stay', async (_, method, answer, expected) => {
    const { upstream, scenario } = await rigFor(answer);
    const socket = await openSocket(scenario.port);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    for (const turn of [1, 2]) {
      received = '';
      socket.write(scenario.head(method, '/orders/x'));
      await eventually('an answer', () =>
        expected.body === '' ? received.includes('\r\n\r\n') : received.endsWith(expected.body),
      );
      const [response] = parseResponses(received);
      expect(response?.status).toBe(expected.status);
      expect(response?.headers.get('content-length')).toBe(expected.length);
      if (method !== 'HEAD')
        expect(response?.headers.has('transfer-encoding')).toBe(expected.chunked === true);
      expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe(expected.body);
      expect(response?.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(response?.headers.get('connection')).toBe('keep-alive');
      await eventually('it is at the upstream', () => upstream.requests().length === turn);
    }
    expect(upstream.accepted()).toBe(expected.renewed === true ? 2 : 1);
    socket.destroy();
  });

  test('a body that ends where the upstream closes ends the client’s connection', async () => {
    const upstream = keep(
      await startRecordingUpstream((socket) => socket.end('HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nuntil the end')),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const response = await rawResponse(scenario.port, scenario.head('GET', '/orders/x'));
    expect(response).toMatchObject({ status: 200, body: 'until the end' });
    expect(response.headers.get('connection')).toBe('close');
    expect(response.headers.has('transfer-encoding')).toBe(false);
  });

  test('HTTP/1.0 clients get no chunks', async () => {
    const { scenario } = await rigFor(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`);
    const received = await exchange(
      scenario.port,
      scenario.head('GET', '/orders/x').replace('HTTP/1.1', 'HTTP/1.0'),
    );
    expect(received.endsWith('\r\n\r\nhello')).toBe(true);
    expect(received).not.toMatch(/transfer-encoding/i);
  });

  test('a client that says close is closed; the connection to the upstream stays', async () => {
    const { upstream, scenario } = await rigFor(OK);
    for (let turn = 0; turn < 3; turn++) {
      const response = await scenario.ask('GET', '/orders/x');
      expect(response.headers.get('connection')).toBe('close');
    }
    expect(upstream.accepted()).toBe(1);
    expect(upstream.bytes()).not.toMatch(/connection: close/i);
  });

  test('requests in a row on one connection are answered in order', async () => {
    const upstream = keep(
      await startRecordingUpstream((socket, { requestLine }) => {
        const path = requestLine.split(' ')[1] ?? '';
        const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
        if (path === '/slow') setTimeout(() => socket.write(answer), 150);
        else socket.write(answer);
      }),
    );
    const scenario = keep(await startOrdersScenario(upstream.url));
    const bytes = ['slow', 'b', 'c'].map((name) => scenario.head('GET', `/orders/${name}`)).join('');
    const answers = await rawRequest(scenario.port, bytes);
    expect(answers.map(({ body }) => body)).toEqual(['/slow', '/b', '/c']);
  });
});

test.each(['Content_Length: 2', 'Transfer_Encoding: chunked'])(
  '%s, which reads as a framing header, is refused',
  async (line) => {
    const upstream = keep(await startRecordingUpstream(`HTTP/1.1 200 OK\r\n${line}\r\n\r\nhello`));
    const scenario = keep(await startOrdersScenario(upstream.url));
    const response = await scenario.ask('GET', '/orders/x');
    expect(response.status).toBe(502);
    expect(JSON.parse(response.body)).toMatchObject({ error: 'upstream_invalid' });
  },
);

describe('redirects', () => {
  test.each([
    ['/api/v1/next?page=2', '/orders/v1/next?page=2'],
    ['UPSTREAM/api/v1/next', '/orders/v1/next'],
    ['next', 'next'],
    ['/orders/v1/next', undefined],
    ['https://blobs.example.com/a?sig=1', 'https://blobs.example.com/a?sig=1'],
    ['https://evil.example.com/', undefined],
    ['//evil.example.com/', undefined],
    ['/api/v1/next?private_token=canary&x=1', '/orders/v1/next?x=1'],
  ])('Location: %s → %s', async (location, expected) => {
    const upstream = keep(await startRecordingUpstream());
    const scenario = keep(
      await startOrdersScenario(`${upstream.url}/api`, {
        upstream: 'redirectOrigins: ["https://blobs.example.com"]',
      }),
    );
    const sent = location.replace('UPSTREAM', upstream.url);
    upstream.respond(`HTTP/1.1 302 Found\r\nLocation: ${sent}\r\nContent-Length: 0\r\n\r\n`);
    const response = await scenario.ask('GET', '/orders/v1/list');
    if (expected === undefined) {
      expect(response.status).toBe(502);
      expect(JSON.parse(response.body)).toMatchObject({ error: 'upstream_invalid' });
      expect(response.head).not.toMatch(/^location:/im);
    } else {
      expect(response.status).toBe(302);
      expect(response.headers.get('location')).toBe(expected);
    }
    expect(upstream.requests()).toHaveLength(1);
  });
});

describe('faults', () => {
  test('nothing listens: 502 upstream_unreachable', async () => {
    const scenario = keep(await startOrdersScenario(`http://127.0.0.1:${await freePort()}`));
    const response = await rawResponse(scenario.port, scenario.head('GET', '/orders/x'));
    expect(response.status).toBe(502);
    expect(JSON.parse(response.body)).toMatchObject({ error: 'upstream_unreachable' });
    expect(response.headers.get('connection')).toBe('keep-alive');
    const [event] = await scenario.audit();
    expect(event?.event).toMatchObject({ reason: 'upstream_unreachable', type: ['access', 'allowed'] });
  });

  test('more in flight than connections allows: 503 with Retry-After; then it goes on', async () => {
    const upstream = keep(await startRecordingUpstream(() => undefined));
    const scenario = keep(await startOrdersScenario(upstream.url, { upstream: 'connections: 1' }));
    const first = await openSocket(scenario.port);
    first.write(scenario.head('GET', '/orders/first'));
    await eventually('the first is there', () => upstream.requests().length === 1);
    const second = await scenario.ask('GET', '/orders/second');
    expect(second.status).toBe(503);
    expect(JSON.parse(second.body)).toMatchObject({ error: 'overloaded' });
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(upstream.requests()).toHaveLength(1);
    upstream.respond(OK);
    first.destroy();
    await eventually('the place is free', async () => {
      return (await scenario.ask('GET', '/orders/third')).status === 200;
    });
  });

  test('every kind of end releases the connection slot', async () => {
    const { upstream, scenario } = await rigFor(OK, {
      upstream: 'connections: 1, timeouts: { headers: 300ms }',
      service: 'limits: { bodyBytes: 8B }',
    });
    const good = async (): Promise<number> => (await scenario.ask('GET', '/orders/x')).status;
    const endings: (readonly [answer: Parameters<typeof upstream.respond>[0], status: number])[] = [
      [OK, 200],
      ['HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n', 502],
      ['nonsense\r\n\r\n', 502],
      [(socket) => socket.destroy(), 502],
      [() => undefined, 504],
      ['HTTP/1.1 302 Found\r\nLocation: //evil.example.com/\r\nContent-Length: 0\r\n\r\n', 502],
    ];
    for (const [answer, status] of endings) {
      upstream.respond(answer);
      expect(await good()).toBe(status);
      upstream.respond(OK);
      expect(await good()).toBe(200);
    }
    const chunks = '9\r\n123456789\r\n0\r\n\r\n';
    const tooLarge = await scenario.ask('PUT', '/orders/x', ['Transfer-Encoding: chunked'], chunks);
    expect(tooLarge.status).toBe(413);
    expect(await good()).toBe(200);
  });

  test('the upstream’s own 401 is the gateway’s fault, not the client’s: 502, no challenge', async () => {
    const { scenario } = await rigFor(
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="inner"\r\nContent-Length: 0\r\n\r\n',
    );
    const response = await scenario.ask('GET', '/orders/x');
    expect(response.status).toBe(502);
    expect(JSON.parse(response.body)).toMatchObject({ error: 'upstream_unauthorized' });
    expect(response.headers.has('www-authenticate')).toBe(false);
  });
});
