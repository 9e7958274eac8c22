/** N1: upstream responses that exceed a limit, and interim responses without end (threats.md). */
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { useWireScenario } from '../../support/scenario/wire.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';

const scenario = useWireScenario({ upstream: 'timeouts: { headers: 2s, idle: 2s }' });

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const INTERIM = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
const lines = (count: number): string => Array.from({ length: count }, (_, n) => `X-${n}: a\r\n`).join('');

/** The response, and the limit that the audit event names. */
const LIMITS: readonly (readonly [string, string, RegExp])[] = [
  ['65 interim responses', `${INTERIM.repeat(65)}${OK}Content-Length: 0\r\n\r\n`, /64 interim responses/],
  ['201 fields', `${OK}${lines(201)}\r\n`, /200 header fields/],
  ['201 fields of an interim response', `HTTP/1.1 103 E\r\n${lines(201)}\r\n`, /200 header fields/],
  ['a head of more than 64 KiB', `${OK}X-A: ${'x'.repeat(66_000)}\r\n\r\n`, /65536 bytes/],
  ['a head without end', `${OK}X-A: ${'x'.repeat(200_000)}`, /65536 bytes/],
  ['chunk extensions', `${CHUNKED}2;a=${'x'.repeat(20_000)}\r\nok\r\n0\r\n\r\n`, /16384 bytes|1641\d bytes/],
  ['chunk extensions of many chunks', CHUNKED + '1;abcdefgh\r\nx\r\n'.repeat(3_000), /16384 bytes/],
  ['trailers', `${CHUNKED}2\r\nok\r\n0\r\n${lines(201)}\r\n`, /200 header fields/],
  ['bytes of trailers', `${CHUNKED}2\r\nok\r\n0\r\nX-A: ${'x'.repeat(66_000)}\r\n\r\n`, /65536 bytes/],
];

test.each(LIMITS)('N1 %s: the audit event names the limit', async (_, bytes, limit) => {
  const tag = scenario.tag();
  let used: Socket | undefined;
  scenario.plan(tag, (socket) => {
    used = socket;
    socket.write(bytes, 'latin1');
  });
  const client = await scenario.connect();
  const got = await client.ask(scenario.requestFor(tag));
  if (bytes.startsWith(CHUNKED)) expect([got?.status, got?.complete]).not.toEqual([200, true]);
  else expect(got?.status).toBe(502);
  const [event] = await scenario.events([got]);
  expect(event).toMatchObject({ event: { reason: 'upstream_invalid' } });
  expect(event?.gatehouse.detail).toMatch(limit);
  await eventually('the gateway to close the connection', () => used?.destroyed === true);
  await scenario.expectClean(client);
});

describe('N1 interim responses', () => {
  test('64 of them, then the response: the response is relayed alone', async () => {
    const tag = scenario.tag();
    scenario.plan(
      tag,
      (socket) => void socket.write(`${INTERIM.repeat(64)}${OK}Content-Length: 2\r\n\r\nok`),
    );
    const client = await scenario.connect();
    const got = await client.ask(scenario.requestFor(tag));
    expect([got?.status, got?.body, got?.headers.has('link')]).toEqual([200, 'ok', false]);
    expect(client.stray()).toBe('');
  });

  test('one per turn of the event loop, without end: the gateway closes the connection', async () => {
    const tag = scenario.tag();
    let used: Socket | undefined;
    let sent = 0;
    scenario.plan(tag, (socket) => {
      used = socket;
      const flood = (): void => {
        if (socket.destroyed) return;
        sent += 1;
        socket.write(INTERIM);
        setImmediate(flood);
      };
      flood();
    });
    const got = await (await scenario.connect()).ask(scenario.requestFor(tag));
    expect(got?.status).toBe(502);
    await eventually('the gateway to close the connection', () => used?.destroyed === true);
    const [event] = await scenario.events([got]);
    expect(event?.gatehouse.detail).toMatch(/64 interim responses/);
    expect(sent).toBeGreaterThan(64);
    await scenario.expectClean();
  });

  test('after the response: the connection is closed', async () => {
    const tag = scenario.tag();
    let used: Socket | undefined;
    scenario.plan(tag, (socket) => {
      used = socket;
      socket.write(`${OK}Content-Length: 2\r\n\r\nok`);
    });
    const client = await scenario.connect();
    expect((await client.ask(scenario.requestFor(tag)))?.body).toBe('ok');
    used?.write(INTERIM);
    await eventually('the gateway to close the connection', () => used?.destroyed === true);
    await scenario.expectClean(client);
  });

  test.each([
    ['without a protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['with one', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ])('101 %s: 502, and nothing after it is relayed', async (_, switching) => {
    const tag = scenario.tag();
    scenario.plan(tag, (socket) => void socket.write(`${switching}${OK}Content-Length: 4\r\n\r\nevil`));
    const client = await scenario.connect();
    const got = await client.ask(scenario.requestFor(tag));
    expect([got?.status, got?.body.includes('evil'), client.stray()]).toEqual([502, false, '']);
    await scenario.expectClean(client);
  });
});

test('N1 thousands of small chunks to a client that does not read add one listener', async () => {
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const chunks = 800_000;
  const tag = scenario.tag();
  scenario.plan(tag, (socket) => void socket.write(`${CHUNKED}${'1\r\na\r\n'.repeat(chunks)}0\r\n\r\n`));
  const client = await scenario.connect();
  client.write(scenario.requestFor(tag));
  await client.begun(1);
  client.pause();
  await loopTurns(200);
  client.resume();
  const got = await client.next();
  expect([got?.status, got?.complete, got?.body.length]).toEqual([200, true, chunks]);
  expect(warnings).toEqual([]);
});
