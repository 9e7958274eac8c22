import { TARGET, bearer } from '../contestants/contestant.ts';
import type { RunningServer } from '../contestants/contestant.ts';
import { CONTESTANTS, CONTESTANT_NAMES } from '../contestants/index.ts';
import type { ContestantName } from '../contestants/index.ts';
import type { LoadRequest } from '../machine/load.ts';
import { assertVerifies, measureLanes } from './lanes.ts';
import type { Lane } from './lanes.ts';
import type { Scenario, Stage } from './scenario.ts';

/** Every request has the same ID token. */
export const cached: Scenario = {
  title: 'the same ID token in every request',
  contestants: CONTESTANT_NAMES,
  async run(stage) {
    const request: LoadRequest = { kind: 'same', headers: bearer(stage.bed.credentials.token).headers };
    const servers = await startContestants(stage);
    const lanes = servers.map(([name, server]): Lane => {
      return { name, server, path: TARGET, request: () => request, status: 200 };
    });
    return measureLanes(lanes, stage);
  },
};

/** A slower contestant does not get through all tokens, which does not change its cost per request. */
const SLOWEST_RATE = 4000;

/** Every request has another ID token, so that each signature is verified. */
export const newTokens: Scenario = {
  title: 'another ID token in every request',
  contestants: ['haproxy', 'envoy', 'envoy-cache', 'gatehouse'],
  async run(stage) {
    const { credentials } = stage.bed;
    let tokens: readonly string[] = [];
    const servers = await startContestants(stage);
    const lanes = servers.map(([name, server]): Lane => {
      const request = (): LoadRequest => ({ kind: 'tokens', tokens });
      return { name, server, path: TARGET, request, status: 200 };
    });
    // Each lane ends with its last token. wrk then waits for the end of its duration: no rate is computed.
    const seconds = Math.ceil(stage.effort.sizes.tokens / SLOWEST_RATE);
    const bounded = { ...stage, effort: { ...stage.effort, seconds } };
    const figures = await measureLanes(lanes, bounded, async () => {
      tokens = await credentials.mint(stage.effort.sizes.tokens);
    });
    return figures.filter(({ metric }) => metric !== 'requests/s');
  },
};

async function startContestants(stage: Stage): Promise<[ContestantName, RunningServer][]> {
  const servers: [ContestantName, RunningServer][] = [];
  for (const name of stage.contestants) {
    const server = stage.keep(await CONTESTANTS[name].start(stage.bed));
    await assertVerifies(CONTESTANTS[name], server, stage.bed);
    servers.push([name, server]);
  }
  return servers;
}
