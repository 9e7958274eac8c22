/** N1: connections that fail in the turn in which the requests of many clients are written together (ADR 38). */
import type { Socket } from 'node:net';
import { expect } from 'vitest';
import { seededRandom, type SeededRandom } from '../support/fuzz/seeded-random.ts';
import { cleanResponse, useWireScenario, type WireAct } from '../support/scenario/wire.ts';
import { loopTurns } from '../support/wire/loop-turns.ts';
import type { WireClient } from '../support/wire/wire-client.ts';
import { faultCase, scaled } from './support/fault-case.ts';

const SEED = 1;
const ROUNDS = scaled(60, 3_000);
const CLIENTS = 24;
const METHODS = ['GET', 'GET', 'POST', 'PUT', 'DELETE'];
/** A safe request is repeated once on another connection. */
const MOST_SENT: Readonly<Record<string, number>> = { GET: 2 };

const scenario = useWireScenario({ upstream: 'connections: 32, queueTimeout: 30s, connectionLifetime: 1s' });

/** The ways of an upstream to answer, or not to. */
function randomAct(random: SeededRandom, tag: string): WireAct | undefined {
  const whole = cleanResponse(tag);
  const later = (act: () => void): void => void loopTurns(random.below(4)).then(act);
  const acts: readonly WireAct[] = [
    (socket) => void socket.end(whole),
    (socket) => {
      socket.write(whole);
      later(() => socket.resetAndDestroy());
    },
    (socket) => void socket.write(whole + cleanResponse('evil')),
    (socket) => void socket.destroy(),
    (socket) => void socket.end(),
    (socket) => void socket.resetAndDestroy(),
    (socket) => {
      socket.write(whole.slice(0, 30));
      later(() => socket.destroy());
    },
    (socket) => later(() => socket.write(whole)),
    (socket) => void socket.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'),
  ];
  return random.chance(0.5) ? undefined : random.pick(acts);
}

/** Ends some of the connections, busy and idle ones. */
function interrupt(random: SeededRandom): void {
  const ends = ['destroy', 'resetAndDestroy', 'end'] as const satisfies readonly (keyof Socket)[];
  scenario.upstream.interrupt((socket) => {
    if (random.chance(0.4)) socket[random.pick(ends)]();
  });
}

interface Sent {
  readonly method: string;
  readonly tag: string;
}

function randomRequests(random: SeededRandom): readonly Sent[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const sent = { method: random.pick(METHODS), tag: scenario.tag() };
    const act = randomAct(random, sent.tag);
    if (act !== undefined) scenario.plan(sent.tag, act);
    return sent;
  });
}

/** The responses that belong to another request. */
async function foreignResponses(client: WireClient, requests: readonly Sent[]): Promise<readonly string[]> {
  const foreign: string[] = [];
  for (const { method, tag } of requests) {
    const got = await client.next(method);
    if (got === undefined) break;
    if (got.status === 200 && !got.body.startsWith(tag)) foreign.push(`${method} ${tag}: ${got.body}`);
  }
  return client.stray() === '' ? foreign : [...foreign, client.stray()];
}

faultCase('connections that fail while requests are written together', ROUNDS * 0.5, async (report) => {
  const random = seededRandom(SEED);
  const all: Sent[] = [];
  const problems: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => scenario.connect()));
    if (random.chance(0.3)) interrupt(random);
    const answered = clients.map(async (client) => {
      const requests = randomRequests(random);
      all.push(...requests);
      client.write(requests.map(({ method, tag }) => scenario.requestFor(tag, method)).join(''));
      if (random.chance(0.15)) await loopTurns(random.below(5));
      else problems.push(...(await foreignResponses(client, requests)));
      client.close(random.pick(['close', 'reset']));
    });
    if (random.chance(0.3)) interrupt(random);
    await Promise.all(answered);
  }
  const counts = Map.groupBy(scenario.upstream.requests(), ({ requestLine }) => requestLine);
  for (const { method, tag } of all) {
    const sent = counts.get(`${method} /${tag} HTTP/1.1`)?.length ?? 0;
    if (sent > (MOST_SENT[method] ?? 1)) problems.push(`${method} ${tag} was sent ${sent} times`);
  }
  report({ seed: SEED, requests: all.length, 'at the upstream': counts.size, problems: problems.length });
  expect(problems).toEqual([]);
  await scenario.expectClean();
});
