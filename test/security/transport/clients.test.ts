/** N2: clients that leave, stall or pipeline during long bodies, which pass from socket to socket (threats.md). */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { seededRandom } from '../../support/fuzz/seeded-random.ts';
import { sendShape, useWireScenario, type WireScenario } from '../../support/scenario/wire.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import {
  bodyShape,
  fill,
  responseContent,
  RESPONSE_SHAPES,
  type ResponseShape,
} from '../../support/wire/response-shapes.ts';
import type { WireClient } from '../../support/wire/wire-client.ts';

const MIB = 1024 * 1024;
/** More than the kernel buffers between the upstream and a client that does not read. */
const HUGE = 24 * MIB;

const scenario = useWireScenario({});

const KEPT = RESPONSE_SHAPES.filter(({ untilClose }) => untilClose !== true);
const LONG = RESPONSE_SHAPES.filter((shape) => responseContent(shape, 't000000-').length >= 64 * 1024);

/** A response that is longer than all buffers, and the connection that sends it. */
function planHuge(on: WireScenario): { readonly tag: string; readonly sender: () => Socket | undefined } {
  const tag = on.tag();
  let sender: Socket | undefined;
  on.plan(tag, (socket) => {
    sender = socket;
    sendShape(socket, bodyShape(HUGE), tag);
  });
  return { tag, sender: () => sender };
}

describe('N2 a client that leaves during a long body', () => {
  test.each([
    ['at once', 1, 'close'],
    ['at once, by RST', 1, 'reset'],
    ['after a read', 64 * 1024, 'close'],
    ['after a read, by RST', 64 * 1024, 'reset'],
    ['after megabytes', 5 * MIB, 'close'],
    ['after megabytes, by RST', 5 * MIB, 'reset'],
  ] as const)(
    '%s: the upstream connection is closed, and no later response contains a byte of it',
    async (...row) => {
      const [, bytes, how] = row;
      const { tag, sender } = planHuge(scenario);
      const client = await scenario.connect();
      client.write(scenario.requestFor(tag));
      const got = await client.begun(bytes);
      client.close(how);
      expect(fill(tag, got.body.length) === got.body).toBe(true);
      await eventually('the end of the upstream connection', () => sender()?.destroyed === true);
      const [event] = await scenario.events([got]);
      expect(event?.gatehouse.aborted).toBe(true);
      expect(event?.gatehouse.bytes_out).toBeGreaterThanOrEqual(got.body.length);
      expect(event?.gatehouse.bytes_out).toBeLessThan(HUGE);
      for (let next = 0; next < 3; next++) await scenario.expectClean();
    },
  );

  test('with pipelined requests behind it: none of them gets a response', async () => {
    const { tag, sender } = planHuge(scenario);
    const client = await scenario.connect();
    const later = [scenario.tag(), scenario.tag()];
    client.write([tag, ...later].map((each) => scenario.requestFor(each)).join(''));
    const got = await client.begun(MIB);
    client.close('reset');
    expect(got.body.startsWith(tag)).toBe(true);
    await eventually('the end of the upstream connection', () => sender()?.destroyed === true);
    await scenario.expectClean();
  });
});

describe('N2 a client that stalls during a long body', () => {
  const impatient = useWireScenario({ limits: 'drain: 500ms, bodyIdle: 300ms' });

  test('it is closed, and the audit event counts its bytes', async () => {
    const { tag, sender } = planHuge(impatient);
    const client = await impatient.connect();
    client.write(impatient.requestFor(tag));
    const begun = await client.begun(1);
    client.pause();
    await eventually('the end of the upstream connection', () => sender()?.destroyed === true);
    client.resume();
    const got = await client.next();
    expect([got?.status, got?.complete]).toEqual([200, false]);
    expect(fill(tag, got?.body.length ?? 0) === got?.body).toBe(true);
    const [event] = await impatient.events([begun]);
    expect(event).toMatchObject({ event: { reason: 'body_timeout' }, gatehouse: { aborted: true } });
    expect(event?.gatehouse.bytes_out).toBeGreaterThanOrEqual(got?.body.length ?? Infinity);
    expect(event?.gatehouse.bytes_out).toBeLessThan(HUGE);
    await impatient.expectClean();
  });

  test('a long response behind a slow one on the same connection does not count as stalled', async () => {
    const [first, second] = [impatient.tag(), impatient.tag()];
    let sender: Socket | undefined;
    impatient.plan(first, (socket) => {
      sender = socket;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na');
    });
    impatient.plan(second, bodyShape(MIB));
    const client = await impatient.connect();
    client.write(impatient.requestFor(first) + impatient.requestFor(second));
    await client.begun(1);
    const until = performance.now() + 2_000;
    await eventually('more than the patience with a slow client', () => performance.now() > until);
    sender?.write('b');
    expect([await client.next(), await client.next()].map((got) => [got?.status, got?.complete])).toEqual([
      [200, true],
      [200, true],
    ]);
  });
});

test.each(['close', 'reset'] as const)(
  'N2 a response that the upstream breaks off by %s behind an earlier one: the connection closes after it',
  async (how) => {
    const [first, second] = [scenario.tag(), scenario.tag()];
    let sender: Socket | undefined;
    scenario.plan(first, (socket) => {
      sender = socket;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na');
    });
    let broken: Socket | undefined;
    scenario.plan(second, (socket) => {
      broken = socket;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${'x'.repeat(20_000)}`);
      void loopTurns(20).then(() => (how === 'close' ? socket.destroy() : socket.resetAndDestroy()));
    });
    const client = await scenario.connect();
    client.write(scenario.requestFor(first) + scenario.requestFor(second));
    await client.begun(1);
    await eventually('the end of the upstream connection', () => broken?.destroyed === true);
    await loopTurns(50);
    sender?.write('b');
    const got = await client.next();
    expect([got?.status, got?.complete, got?.body]).toEqual([200, true, 'ab']);
    const cut = await client.next();
    expect(cut?.complete).not.toBe(true);
    expect(client.isOpen()).toBe(false);
  },
);

/** Reads in bursts, with pauses of some turns of the event loop. */
async function readSlowly(client: WireClient, seed: number, done: () => boolean): Promise<void> {
  const random = seededRandom(seed);
  while (!done() && client.isOpen()) {
    client.pause();
    await loopTurns(random.below(20));
    client.resume();
    await loopTurns(1 + random.below(4));
  }
}

test('N2 slow readers at the same time: each body is unchanged', async () => {
  const length = 6 * MIB;
  const seeds = Array.from({ length: 12 }, (_, index) => index);
  const problems = await Promise.all(
    seeds.map(async (seed) => {
      const tag = scenario.tag();
      scenario.plan(tag, bodyShape(length));
      const client = await scenario.connect();
      let done = false;
      const slow = readSlowly(client, seed, () => done);
      const got = await client.ask(scenario.requestFor(tag));
      done = true;
      await slow;
      await scenario.expectClean(client);
      return got?.complete === true && got.body === fill(tag, length) ? [] : [`seed ${seed}`];
    }),
  );
  expect(problems.flat()).toEqual([]);
});

/** Sends a planned response in two parts, some turns apart. */
function planInParts(tag: string, shape: ResponseShape, seed: number): void {
  const random = seededRandom(seed);
  const bytes = Buffer.from(
    shape
      .pieces(tag)
      .map((piece) => piece.bytes)
      .join(''),
    'latin1',
  );
  scenario.plan(tag, (socket) => {
    const at = random.below(bytes.length);
    socket.write(bytes.subarray(0, at));
    void loopTurns(random.below(6)).then(() => socket.write(bytes.subarray(at)));
  });
}

test.each([1, 2, 3, 4, 5])(
  'N2 pipelined requests in one packet: responses in order (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const shapes = Array.from({ length: 12 }, () => random.pick(KEPT));
    const planned = shapes.map((shape, index) => ({ shape, tag: scenario.tag(), seed: seed * 100 + index }));
    for (const each of planned) planInParts(each.tag, each.shape, each.seed);
    const client = await scenario.connect();
    client.write(planned.map(({ tag, shape }) => scenario.requestFor(tag, shape.method)).join(''));
    for (const { tag, shape } of planned) {
      const got = await client.next(shape.method);
      expect([got?.status, got?.headers.get('x-tag'), got?.complete]).toEqual([shape.status, tag, true]);
      expect(got?.body === responseContent(shape, tag)).toBe(true);
    }
    expect(client.stray()).toBe('');
    await scenario.expectClean(client);
  },
);

describe('N2 keep-alive on both sides', () => {
  test.each(LONG.filter(({ untilClose }) => untilClose !== true))('after $name', async (shape) => {
    const client = await scenario.connect();
    await scenario.expectClean(client);
    const before = scenario.upstream.accepted();
    for (let turn = 0; turn < 10; turn++) {
      const tag = scenario.tag();
      scenario.plan(tag, shape);
      const got = await client.ask(scenario.requestFor(tag, shape.method), shape.method);
      expect([got?.status, got?.complete, client.isOpen()]).toEqual([shape.status, true, true]);
      expect(got?.body === responseContent(shape, tag)).toBe(true);
      await scenario.expectClean(client, turn % 2 === 0 ? 'GET' : 'POST');
    }
    expect(scenario.upstream.accepted()).toBe(before);
  });

  test.each([1, 2, 3])('responses of all forms in a row on one connection (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const client = await scenario.connect();
    for (let turn = 0; turn < 40; turn++) {
      const shape = random.pick(KEPT);
      const tag = scenario.tag();
      planInParts(tag, shape, seed * 1_000 + turn);
      const got = await client.ask(scenario.requestFor(tag, shape.method), shape.method);
      expect([got?.status, got?.headers.get('x-tag'), got?.complete]).toEqual([shape.status, tag, true]);
      expect(got?.body === responseContent(shape, tag)).toBe(true);
      expect([client.stray(), client.isOpen()]).toEqual(['', true]);
    }
  });

  test.each(RESPONSE_SHAPES.filter(({ untilClose }) => untilClose === true))(
    '$name: the client connection closes',
    async (shape) => {
      const tag = scenario.tag();
      scenario.plan(tag, shape);
      const client = await scenario.connect();
      const got = await client.ask(scenario.requestFor(tag));
      expect([got?.status, got?.complete, client.isOpen()]).toEqual([200, true, false]);
      expect(got?.body === responseContent(shape, tag)).toBe(true);
      expect(client.error()).toBeUndefined();
      await scenario.expectClean();
    },
  );
});
