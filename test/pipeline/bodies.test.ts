/** Requests with the operation in the body: what is buffered, when, and that the upstream receives it unchanged. */
import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/core/records/audit-event.ts';
import { allowAll, operation, startBodyWords, type BodyWords } from '../support/scenario/body-words.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { rawRequest, rawResponse } from '../support/raw-client.ts';

let scenario: BodyWords;
afterEach(() => scenario.close());

const post = (path: string, ...headers: readonly string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: gateway.example.com', ...headers, '', ''].join('\r\n');

const chunked = (...chunks: readonly string[]): string =>
  [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');

const CLOSE = 'Connection: close';

describe('the whole body', () => {
  beforeEach(async () => {
    scenario = await startBodyWords();
  });

  test('decides, and goes on as it came', async () => {
    const body = 'read\r\n\0\u00ff';
    const { status } = await rawResponse(
      scenario.port,
      post('/api/whole', 'Content-Length: 9', CLOSE) + body,
    );
    expect(status).toBe(200);
    const [request] = scenario.upstream.requests();
    expect(request?.body).toBe(Buffer.from(body).toString('latin1'));
    expect(request?.headers.get('content-length')).toEqual(['9']);
    expect(await event()).toMatchObject({ reason: 'granted', operations: [operation('read')], bytesIn: 9 });
  });

  test('has a length where the client gave none', async () => {
    const bytes = post('/api/whole', 'Transfer-Encoding: chunked', CLOSE) + chunked('re', 'ad');
    expect((await rawResponse(scenario.port, bytes)).status).toBe(200);
    const [request] = scenario.upstream.requests();
    expect(request?.body).toBe('read');
    expect(request?.headers.get('content-length')).toEqual(['4']);
    expect(request?.headers.has('transfer-encoding')).toBe(false);
  });

  test('is refused for what it asks, and the connection goes on', async () => {
    const answers = await rawRequest(
      scenario.port,
      post('/api/whole', 'Content-Length: 5') +
        'write' +
        post('/api/whole', 'Content-Length: 4', CLOSE) +
        'read',
    );
    expect(answers.map(({ status }) => status)).toEqual([403, 200]);
    expect(scenario.upstream.requests()).toHaveLength(1);
    const refused = await event();
    expect(refused).toMatchObject({
      reason: 'scope_not_granted',
      operations: [operation('write')],
      bytesIn: 5,
    });
  });

  test('is not asked for where nothing that it could be is allowed', async () => {
    const { status, head } = await rawResponse(
      scenario.port,
      post('/api/none', 'Content-Length: 4', 'Expect: 100-continue'),
    );
    expect(status, head).toBe(403);
    expect(scenario.upstream.accepted()).toBe(0);
    expect(await event()).toMatchObject({ reason: 'scope_not_granted', operations: [operation('delete')] });
  });

  test('is asked for once by a client that waits', async () => {
    const client = await openConversation(scenario.port);
    client.write(post('/api/whole', 'Content-Length: 4', 'Expect: 100-continue', CLOSE));
    await eventually('100 Continue', () => client.received().includes('HTTP/1.1 100 Continue\r\n\r\n'));
    client.write('read');
    expect((await client.answers()).map(({ status }) => status)).toEqual([100, 200]);
  });

  test.each([
    ['announced', post('/api/whole', 'Content-Length: 65', 'Expect: 100-continue')],
    ['sent', post('/api/whole', 'Transfer-Encoding: chunked') + chunked('read'.repeat(17))],
  ])('too long, as %s: 413', async (_how, bytes) => {
    const { status } = await rawResponse(scenario.port, bytes);
    expect(status).toBe(413);
    expect(scenario.upstream.accepted()).toBe(0);
    expect(await event()).toMatchObject({ reason: 'body_too_large' });
  });

  test('that says nothing known, or what cannot be read', async () => {
    const send = async (body: string): Promise<number> =>
      (await rawResponse(scenario.port, post('/api/whole', `Content-Length: ${body.length}`, CLOSE) + body))
        .status;
    expect(await send('unknown')).toBe(403);
    expect(await send('malformed')).toBe(400);
    expect(await send('boom')).toBe(503);
    expect((await rawResponse(scenario.port, post('/api/whole', CLOSE))).status).toBe(403);
    expect(scenario.upstream.accepted()).toBe(0);
  });

  test('that the client does not finish', async () => {
    const client = await openConversation(scenario.port);
    client.write(post('/api/whole', 'Content-Length: 4') + 're');
    await eventually('the body is being read', () => scenario.reading() > 0);
    client.destroy();
    expect(await event()).toMatchObject({ reason: 'client_left', status: 0 });
    expect(scenario.upstream.accepted()).toBe(0);
  });
});

describe('bounds', () => {
  test('a body that drips: 408, however long it goes on', async () => {
    scenario = await startBodyWords({ idle: 200 });
    const client = await openConversation(scenario.port);
    client.write(post('/api/whole', 'Content-Length: 60'));
    const drip = setInterval(() => client.write('r'), 20);
    const answers = await client.answers();
    clearInterval(drip);
    expect(answers.map(({ status }) => status)).toEqual([408]);
    expect(scenario.upstream.accepted()).toBe(0);
  });

  test('as many as requests may be in flight', async () => {
    scenario = await startBodyWords({ connections: 1 });
    const first = await openConversation(scenario.port);
    first.write(post('/api/whole', 'Content-Length: 4', CLOSE) + 're');
    await eventually('the first is being read', () => scenario.reading() === 1);
    const second = await rawResponse(scenario.port, post('/api/whole', 'Content-Length: 4', CLOSE) + 'read');
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('1');
    first.write('ad');
    expect((await first.answers()).map(({ status }) => status)).toEqual([200]);
  });

  test('the service’s own limit binds what is looked at, and what streams by', async () => {
    scenario = await startBodyWords({ bodyBytes: 6, authorize: allowAll });
    const send = async (path: string, ...framing: readonly string[]): Promise<number> =>
      (await rawResponse(scenario.port, post(path, CLOSE, ...framing.slice(0, 1)) + framing[1])).status;
    expect(await send('/api/whole', 'Content-Length: 7', 'read...')).toBe(413);
    expect(await send('/api/start', 'Content-Length: 7', 'read...')).toBe(413);
    expect(await send('/api/start', 'Transfer-Encoding: chunked', chunked('read', '...'))).toBe(413);
    expect(await send('/api/start', 'Content-Length: 6', 'read..')).toBe(200);
  });
});

describe('the start of a body', () => {
  beforeEach(async () => {
    scenario = await startBodyWords();
  });

  test.each(['Content-Length', 'chunks'])('is enough; all of it goes on, by %s', async (framing) => {
    const body = `read${'0123456789abcdef'.repeat(256 * 1024)}`;
    const head =
      framing === 'chunks'
        ? post('/api/start', 'Transfer-Encoding: chunked', CLOSE)
        : post('/api/start', `Content-Length: ${body.length}`, CLOSE);
    const { status } = await rawResponse(
      scenario.port,
      head + (framing === 'chunks' ? chunked(body.slice(0, 3), body.slice(3)) : body),
      { quiet: 10_000 },
    );
    expect(status).toBe(200);
    const received = scenario.upstream.requests()[0]?.body ?? '';
    const plain =
      framing === 'chunks' ? received.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n(?:\r\n$)?/g, '') : received;
    expect(plain.length).toBe(body.length);
    expect(hash('sha256', plain)).toBe(hash('sha256', body));
    expect(await event()).toMatchObject({ reason: 'granted', bytesIn: body.length });
  });

  test('shorter than what would be read', async () => {
    expect(
      (await rawResponse(scenario.port, post('/api/start', 'Content-Length: 4', CLOSE) + 'read')).status,
    ).toBe(200);
    expect(scenario.upstream.requests()[0]?.body).toBe('read');
  });

  test('refuses before the rest has come', async () => {
    const client = await openConversation(scenario.port);
    client.write(post('/api/start', 'Content-Length: 1000000') + 'write'.padEnd(9));
    expect((await client.answers()).map(({ status }) => status)).toEqual([403]);
    expect(scenario.upstream.accepted()).toBe(0);
  });
});

async function event(): Promise<AuditEvent> {
  return eventually('an audit event', () => scenario.events[0]);
}
