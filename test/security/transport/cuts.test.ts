/** N1: upstream responses that are cut or delayed at every byte of head and framing (threats.md). */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { useWireScenario, type WireEvent } from '../../support/scenario/wire.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import {
  cutPositions,
  finalHeadEnd,
  responseBytes,
  responseContent,
  RESPONSE_SHAPES,
  type ResponseShape,
} from '../../support/wire/response-shapes.ts';
import type { WireClient, WireResponse } from '../../support/wire/wire-client.ts';

type How = 'fin' | 'rst' | 'delay';

interface Case {
  readonly tag: string;
  readonly shape: ResponseShape;
  readonly at: number;
  readonly how: How;
}

interface Outcome {
  readonly planned: Case;
  readonly got: WireResponse | undefined;
  readonly problem: string | undefined;
}

const scenario = useWireScenario({});

/** Client connections in parallel, which share the upstream connections. */
const LANES = 8;

async function play(socket: Socket, { tag, shape, at, how }: Case): Promise<void> {
  const bytes = Buffer.from(responseBytes(shape, tag), 'latin1');
  if (how === 'fin') return void socket.end(bytes.subarray(0, at));
  socket.write(bytes.subarray(0, at));
  await loopTurns();
  if (how === 'rst') return void socket.resetAndDestroy();
  socket.write(bytes.subarray(at));
  if (shape.untilClose === true) socket.end();
}

/** The difference between a response and the acceptable ones; undefined if there is none. */
function problemOf({ tag, shape, at, how }: Case, got: WireResponse | undefined): string | undefined {
  if (got === undefined) return 'no response';
  const whole = responseContent(shape, tag);
  const headSent = at >= finalHeadEnd(shape, tag);
  const mayBeWhole = how === 'delay' || (how === 'fin' && shape.untilClose === true && headSent);
  if (got.status === 502) {
    if (mayBeWhole) return '502';
    return got.body.includes(tag) || got.headers.has('x-tag') ? 'upstream bytes in a 502' : undefined;
  }
  if (got.status !== shape.status) return `status ${got.status}`;
  if (how !== 'delay' && !headSent) return 'a response to a part of a head';
  if (got.headers.get('x-tag') !== tag) return `the head of ${got.headers.get('x-tag')}`;
  if (!whole.startsWith(got.body)) return 'foreign bytes in the body';
  if (got.complete !== mayBeWhole) return got.complete ? 'a cut response looks complete' : 'incomplete';
  return how === 'delay' && got.body.length < whole.length ? 'a shorter body' : undefined;
}

const REASONS: ReadonlySet<string> = new Set(['upstream_invalid', 'upstream_unreachable']);

/** The difference between the audit event and the response. */
function auditProblem(got: WireResponse | undefined, { event, gatehouse }: WireEvent): string | undefined {
  const { reason } = event;
  const { bytes_out: bytes, aborted } = gatehouse;
  if (got === undefined) return 'no response';
  if (got.status === 502) return REASONS.has(reason) ? undefined : `reason ${reason}`;
  if (got.complete) return bytes === got.body.length ? undefined : `${bytes} bytes, not ${got.body.length}`;
  if (aborted !== true || !REASONS.has(reason)) return `reason ${reason}, aborted ${aborted}`;
  // A reset discards bytes between the kernel and the client.
  return bytes >= got.body.length ? undefined : `${bytes} bytes, fewer than ${got.body.length}`;
}

/** The cases one after the other, each with a request after it that must get its own response. */
async function runLane(lane: readonly Case[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let client: WireClient = await scenario.connect();
  for (const planned of lane) {
    const { tag, shape } = planned;
    if (!client.isOpen()) client = await scenario.connect();
    const got = await client.ask(scenario.requestFor(tag, shape.method), shape.method);
    const stray = client.stray();
    const problem = problemOf(planned, got) ?? (stray === '' ? undefined : `stray bytes: ${stray}`);
    outcomes.push({ planned, got, problem });
    if (got?.complete !== true || got.headers.get('connection') === 'close') client.close();
    await scenario.expectClean(client);
  }
  return outcomes;
}

describe.each(RESPONSE_SHAPES)('N1 $name', (shape) => {
  test.each<[How, string]>([
    ['fin', 'cut by FIN'],
    ['rst', 'cut by RST'],
    ['delay', 'delayed'],
  ])('%s: %s at every position', async (how) => {
    const cases = cutPositions(shape, scenario.tag()).map((at) => ({ tag: scenario.tag(), shape, at, how }));
    for (const each of cases) scenario.plan(each.tag, (socket) => void play(socket, each));
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      runLane(cases.filter((_each, index) => index % LANES === lane)),
    );
    const outcomes = (await Promise.all(lanes)).flat();
    const events = await scenario.events(outcomes.map(({ got }) => got));
    const problems = outcomes.flatMap(({ planned: { at }, got, problem }, index) => {
      const event = events[index];
      const found = problem ?? (event === undefined ? 'no event' : auditProblem(got, event));
      return found === undefined ? [] : [`${shape.name}, ${how} at ${at}: ${found}`];
    });
    expect(problems.slice(0, 20)).toEqual([]);
  });

  test('one byte at a time', async () => {
    const tag = scenario.tag();
    const bytes = Buffer.from(responseBytes(shape, tag), 'latin1');
    scenario.plan(tag, (socket) => void trickle(socket, bytes, shape.untilClose === true));
    const got = await (await scenario.connect()).ask(scenario.requestFor(tag, shape.method), shape.method);
    expect([got?.status, got?.complete]).toEqual([shape.status, true]);
    expect(got?.body === responseContent(shape, tag)).toBe(true);
    await scenario.expectClean();
  });
});

/** The first and the last 300 bytes in single writes. */
async function trickle(socket: Socket, bytes: Buffer, ends: boolean): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const next = at >= 300 && at < bytes.length - 300 ? bytes.length - 300 : at + 1;
    socket.write(bytes.subarray(at, next));
    at = next;
    await loopTurns(2);
  }
  if (ends) socket.end();
}
