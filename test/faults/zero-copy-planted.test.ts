/** N2: the test of zero-copy pulls finds a gateway that reads again before the client's kernel has the bytes. */
import type { Socket } from 'node:net';
import { expect, vi } from 'vitest';
import { useWireScenario } from '../support/scenario/wire.ts';
import { faultCase } from './support/fault-case.ts';
import { pullTagged } from './support/tagged-pulls.ts';

vi.mock(import('../../src/proxy/relay/direct-body.ts'), async (original) => {
  const actual = await original();
  class Hasty extends actual.DirectBody {
    readonly #client: Socket;
    constructor(client: Socket) {
      super(client);
      this.#client = client;
    }
    override write(view: Buffer): boolean {
      this.#client.write(view);
      return true;
    }
  }
  return { ...actual, DirectBody: Hasty };
});

const scenario = useWireScenario({ upstream: 'connections: 500' });

faultCase('zero-copy pulls with a planted defect', 20, async (report) => {
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
  const { complete, aborted, problems } = await pullTagged(scenario, seeds);
  report({ pulls: seeds.length, complete, aborted, problems: problems.length });
  expect(problems.length).toBeGreaterThan(0);
});
