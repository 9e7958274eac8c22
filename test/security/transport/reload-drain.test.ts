/** N1, N2: a reload, and a drain, in the middle of responses of every form (threats.md). */
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { useWireScenario, type WireScenario } from '../../support/scenario/wire.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import { responseBytes, responseContent, RESPONSE_SHAPES } from '../../support/wire/response-shapes.ts';
import type { WireClient } from '../../support/wire/wire-client.ts';

/** One response of a form, half sent. */
interface Half {
  readonly name: string;
  readonly method: string;
  readonly client: WireClient;
  /** Sends the second half and checks the response. */
  complete(): Promise<void>;
}

/** All forms at once, each cut in the head, at the end of the head, and in the body. */
async function sendHalves(scenario: WireScenario): Promise<readonly Half[]> {
  const forms = RESPONSE_SHAPES.flatMap((shape) => [0.3, 0.5, 0.9].map((part) => ({ shape, part })));
  let arrived = 0;
  const halves = await Promise.all(
    forms.map(async ({ shape, part }): Promise<Half> => {
      const tag = scenario.tag();
      const bytes = Buffer.from(responseBytes(shape, tag), 'latin1');
      const at = Math.floor(bytes.length * part);
      let rest: (() => void) | undefined;
      scenario.plan(tag, (socket) => {
        arrived += 1;
        socket.write(bytes.subarray(0, at));
        rest = () => {
          socket.write(bytes.subarray(at));
          if (shape.untilClose === true) socket.end();
        };
      });
      const client = await scenario.connect();
      client.write(scenario.requestFor(tag, shape.method));
      return {
        name: shape.name,
        method: shape.method,
        client,
        async complete() {
          rest?.();
          const got = await client.next(shape.method);
          expect([shape.name, got?.status, got?.complete]).toEqual([shape.name, shape.status, true]);
          expect(got?.body === responseContent(shape, tag)).toBe(true);
          expect(client.stray()).toBe('');
        },
      };
    }),
  );
  await eventually('the requests at the upstream', () => arrived === forms.length);
  await loopTurns();
  return halves;
}

describe('N1 a reload during responses', () => {
  const scenario = useWireScenario({ upstream: 'connections: 200' });

  test.each([
    ['of the service', 'connections: 200', 'connections: 201'],
    ['of the grants', '[read_api, write_api]', '[read_api]'],
  ])('%s: every response is completed', async (_, from, to) => {
    const halves = await sendHalves(scenario);
    expect(await scenario.gateway.reload((yaml) => yaml.replace(from, to))).toBe(true);
    for (const half of halves) await half.complete();
    await scenario.expectClean();
    await scenario.expectClean(halves.find(({ client }) => client.isOpen())?.client);
  });
});

describe('N1 a drain during responses', () => {
  const scenario = useWireScenario({ upstream: 'connections: 200', limits: 'drain: 20s' });

  test('every response is completed, then its connection is closed', async () => {
    const halves = await sendHalves(scenario);
    const stopped = scenario.gateway.gateway.stop();
    await loopTurns();
    for (const half of halves) await half.complete();
    await stopped;
    await eventually('closed connections', () => halves.every(({ client }) => !client.isOpen()));
  });
});

describe('N1 the end of the drain', () => {
  const scenario = useWireScenario({ upstream: 'connections: 200', limits: 'drain: 300ms' });

  test('responses that are incomplete do not look complete', async () => {
    const halves = await sendHalves(scenario);
    await scenario.gateway.gateway.stop();
    for (const { name, method, client } of halves) {
      const got = await client.next(method);
      // A response that had not begun may be the gateway's own.
      const own = got === undefined || got.status >= 500;
      expect([name, own || !got.complete]).toEqual([name, true]);
    }
  });
});
