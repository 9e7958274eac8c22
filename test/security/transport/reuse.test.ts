/** N1: bytes outside of a response, and connections that close during reuse (threats.md). */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { cleanResponse, useWireScenario } from '../../support/scenario/wire.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import { responseBytes, responseContent, RESPONSE_SHAPES } from '../../support/wire/response-shapes.ts';

const scenario = useWireScenario({});

const EVIL = 'HTTP/1.1 200 OK\r\nX-Evil: canary\r\nContent-Length: 4\r\n\r\nevil';
const EXTRA: readonly (readonly [string, string])[] = [
  ['a second response', EVIL],
  ['two responses', EVIL + EVIL],
  ['a part of a head', 'HTTP/1.1 200 OK\r\nX-Evil: canary\r\n'],
  ['an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ['an empty line', '\r\n'],
  ['a byte', 'H'],
  ['a NUL', '\0'],
  ['the end of a chunked body', '0\r\n\r\n'],
];
const KEPT = RESPONSE_SHAPES.filter(({ untilClose }) => untilClose !== true);

describe.each(KEPT)('N1 $name, followed by', (shape) => {
  test.each(EXTRA)('%s: no other response contains it, and the connection is closed', async (_, extra) => {
    const [inPacket, inNextRead, onIdle] = ['packet', 'read', 'idle'].map(() => scenario.tag()) as [
      string,
      string,
      string,
    ];
    const sockets: Socket[] = [];
    const bytes = (tag: string): string => responseBytes(shape, tag);
    scenario.plan(inPacket, (socket) => {
      sockets.push(socket);
      socket.write(bytes(inPacket) + extra, 'latin1');
    });
    scenario.plan(inNextRead, (socket) => {
      sockets.push(socket);
      socket.write(bytes(inNextRead), 'latin1');
      setImmediate(() => socket.write(extra, 'latin1'));
    });
    scenario.plan(onIdle, (socket) => {
      sockets.push(socket);
      socket.write(bytes(onIdle), 'latin1');
    });
    for (const tag of [inPacket, inNextRead, onIdle]) {
      const client = await scenario.connect();
      const got = await client.ask(scenario.requestFor(tag, shape.method), shape.method);
      // A response that is followed by foreign bytes in the same read may be refused.
      if (tag !== inPacket || got?.status !== 502) {
        expect([got?.status, got?.complete]).toEqual([shape.status, true]);
        expect(got?.body === responseContent(shape, tag)).toBe(true);
      }
      if (tag === onIdle) sockets.at(-1)?.write(extra, 'latin1');
      expect(client.stray()).toBe('');
      const used = sockets.at(-1);
      await eventually('the gateway to close the connection', () => used?.destroyed === true);
      for (let next = 0; next < 3; next++) await scenario.expectClean(client);
      await scenario.expectClean(client, 'POST');
    }
    expect(sockets).toHaveLength(3);
  });
});

/** Fills the pool with idle connections and returns them. */
async function fillPool(count: number): Promise<readonly Socket[]> {
  const held: [Socket, string][] = [];
  const answers = Array.from({ length: count }, async () => {
    const tag = scenario.tag();
    scenario.plan(tag, (socket) => void held.push([socket, tag]));
    return (await scenario.connect()).ask(scenario.requestFor(tag));
  });
  await eventually('the requests', () => held.length === count);
  for (const [socket, tag] of held) socket.write(cleanResponse(tag), 'latin1');
  expect((await Promise.all(answers)).map((got) => got?.status)).toEqual(held.map(() => 200));
  const sockets = held.map(([socket]) => socket);
  expect(new Set(sockets).size).toBe(count);
  return sockets;
}

describe('N1 close during reuse', () => {
  /** The methods, and whether the request is sent again. */
  const METHODS = [
    ['GET', true],
    ['HEAD', true],
    ['POST', false],
  ] as const;

  test.each(METHODS)('%s: connections that the upstream closed are not used', async (method) => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const sockets = await fillPool(4);
      for (const socket of sockets) socket[how]();
      await loopTurns();
      const tag = scenario.tag();
      const got = await (await scenario.connect()).ask(scenario.requestFor(tag, method), method);
      expect(got?.status).toBe(200);
    }
  });

  test.each(METHODS)('%s: the connection closes when the request arrives', async (method, repeated) => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const [stale] = await fillPool(1);
      const tag = scenario.tag();
      const used: boolean[] = [];
      scenario.plan(tag, (socket) => {
        used.push(socket === stale);
        if (socket === stale) socket[how]();
        else socket.write(cleanResponse(tag), 'latin1');
      });
      const got = await (await scenario.connect()).ask(scenario.requestFor(tag, method), method);
      // A request that cannot be repeated is sent once: on the stale connection, or on a new one.
      if (repeated) expect([got?.status, used]).toEqual([200, [true, false]]);
      else expect([got?.status, used]).toEqual(used[0] === true ? [502, [true]] : [200, [false]]);
      await scenario.expectClean();
    }
  });

  test.each(METHODS)('%s: the connection closes in the head', async (method, repeated) => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      await fillPool(1);
      const tag = scenario.tag();
      let sent = 0;
      scenario.plan(tag, (socket) => {
        sent += 1;
        socket.write(cleanResponse(tag).slice(0, 30), 'latin1');
        void loopTurns().then(() => socket[how]());
      });
      const got = await (await scenario.connect()).ask(scenario.requestFor(tag, method), method);
      expect(got?.status).toBe(502);
      expect(sent).toBeLessThanOrEqual(repeated ? 2 : 1);
      await scenario.expectClean();
    }
  });

  test('several connections that close when a request arrives: GET succeeds', async () => {
    const stale = new Set(await fillPool(4));
    const tag = scenario.tag();
    scenario.plan(tag, (socket) => {
      if (stale.has(socket)) socket.resetAndDestroy();
      else socket.write(cleanResponse(tag), 'latin1');
    });
    const got = await (await scenario.connect()).ask(scenario.requestFor(tag));
    expect([got?.status, got?.complete]).toEqual([200, true]);
  });
});
