import { TARGET, bearer } from '../contestants/contestant.ts';
import type { RunningServer } from '../contestants/contestant.ts';
import { CONTESTANTS } from '../contestants/index.ts';
import { startUpstream } from '../contestants/nginx.ts';
import { measureLanes } from './lanes.ts';
import type { Lane } from './lanes.ts';
import type { Scenario, Stage } from './scenario.ts';

/** Requests at half of the rate that saturates Gatehouse, to the upstream directly and through proxies. */
export const latency: Scenario = {
  title: 'latency at half load',
  contestants: ['haproxy', 'gatehouse'],
  async run(stage) {
    const { headers } = bearer(stage.bed.credentials.token);
    const direct = stage.keep(await startUpstream(stage.bed));
    const servers = new Map<string, RunningServer>([['direct', direct]]);
    for (const name of stage.contestants) {
      servers.set(name, stage.keep(await CONTESTANTS[name].start(stage.bed)));
    }
    const saturated = servers.get('gatehouse') ?? direct;
    const pauseMs = await pauseForHalfLoad(saturated.origin, headers, stage);
    const lanes = [...servers].map(([name, server]): Lane => {
      return { name, server, path: TARGET, request: () => ({ kind: 'same', headers, pauseMs }), status: 200 };
    });
    const figures = await measureLanes(lanes, stage);
    return figures.filter(({ metric }) => metric !== 'CPU µs/request');
  },
};

/** The mean pause of each connection between two requests. */
async function pauseForHalfLoad(
  origin: string,
  headers: Readonly<Record<string, string>>,
  { load, effort, progress }: Stage,
): Promise<number> {
  await load.run(origin + TARGET, { kind: 'same', headers }, effort.warmupSeconds);
  const { requests, seconds } = await load.run(origin + TARGET, { kind: 'same', headers }, effort.seconds);
  const rate = requests / seconds / 2;
  progress(`${rate.toFixed(0)} requests/s`);
  return Math.max(1, Math.round((effort.connections / rate) * 1000));
}
