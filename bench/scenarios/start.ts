import { CONTESTANTS, CONTESTANT_NAMES } from '../contestants/index.ts';
import { residentKib } from '../machine/memory.ts';
import type { Figure } from '../report/figures.ts';
import type { Scenario } from './scenario.ts';

/** From the start of the process to the first 200, and the memory at that time. */
export const start: Scenario = {
  title: 'start to ready, with a warm compile cache',
  contestants: CONTESTANT_NAMES,
  async run({ bed, effort, contestants, progress }) {
    const samples = contestants.map((name) => ({ name, startMs: [] as number[], rss: [] as number[] }));
    for (let round = -1; round < effort.rounds; round += 1) {
      progress(round < 0 ? 'warming up' : `round ${round + 1} of ${effort.rounds}`);
      for (const { name, startMs, rss } of samples) {
        const server = await CONTESTANTS[name].start(bed);
        const mib = residentKib(server.pid) / 1024;
        await server.stop();
        if (round < 0) continue;
        startMs.push(server.startMs);
        rss.push(mib);
      }
    }
    return samples.flatMap(({ name: lane, startMs, rss }): Figure[] => [
      { lane, metric: 'start to ready ms', samples: startMs },
      { lane, metric: 'RSS MiB', samples: rss },
    ]);
  },
};
