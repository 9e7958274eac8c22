import { mkdtemp } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { Bed } from './contestants/contestant.ts';
import { CONTESTANTS } from './contestants/index.ts';
import type { ContestantName } from './contestants/index.ts';
import { startUpstream } from './contestants/nginx.ts';
import { pinThisProcess, twoCores } from './machine/cores.ts';
import { createLoadGenerator } from './machine/load.ts';
import { createCredentials } from './machine/token.ts';
import type { Options } from './options.ts';
import type { Figure, Figures } from './report/figures.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { ScenarioName } from './scenarios/index.ts';
import type { Stage } from './scenarios/scenario.ts';

export interface Run {
  readonly figures: Figures;
  /** Contestants and scenarios that did not run, with the reason. */
  readonly skipped: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  /** Load average over a minute at the start: other work on the machine. */
  readonly loadAverage: number;
}

/** A run takes half an hour: each scenario is reported at its end. */
export interface Observer {
  readonly progress: (text: string) => void;
  readonly finished: (scenario: ScenarioName, figures: readonly Figure[]) => void;
}

export async function runScenarios(
  options: Options,
  folder: string,
  { progress, finished }: Observer,
): Promise<Run> {
  const [loadAverage = 0] = loadavg();
  const cores = twoCores();
  await pinThisProcess(cores.load);
  const skipped: Record<string, string> = {};
  const installed = options.contestants.filter((name) => {
    const missing = CONTESTANTS[name].missing();
    if (missing !== undefined) skipped[name] = missing;
    return missing === undefined;
  });
  for (const [name, reason] of Object.entries(skipped)) progress(`without ${name}: ${reason}`);

  const upstream = await startUpstream({ folder, cores });
  try {
    const bed: Bed = { folder, cores, upstream: upstream.origin, credentials: createCredentials() };
    const figures: Record<string, readonly Figure[]> = {};
    for (const name of options.scenarios) {
      const missing = reasonToSkip(name, installed);
      if (missing !== undefined) {
        skipped[name] = missing;
        progress(`without ${name}: ${missing}`);
        continue;
      }
      const measured = await runScenario(name, options, bed, installed, progress);
      figures[name] = measured;
      finished(name, measured);
    }
    const versions = await Promise.all(
      installed.map(async (name) => [name, await CONTESTANTS[name].version()] as const),
    );
    return { figures, skipped, versions: Object.fromEntries(versions), loadAverage };
  } finally {
    await upstream.stop();
  }
}

function reasonToSkip(name: ScenarioName, installed: readonly ContestantName[]): string | undefined {
  const { contestants, missing } = SCENARIOS[name];
  if (!contestants.some((each) => installed.includes(each))) return `it compares ${contestants.join(', ')}`;
  return missing?.();
}

async function runScenario(
  name: ScenarioName,
  options: Options,
  bed: Bed,
  installed: readonly ContestantName[],
  progress: (text: string) => void,
): Promise<readonly Figure[]> {
  const scenario = SCENARIOS[name];
  const folder = await mkdtemp(join(bed.folder, `${name}-`));
  const releasers: (() => Promise<void>)[] = [];
  const stage: Stage = {
    bed: { ...bed, folder },
    load: await createLoadGenerator(folder, { core: bed.cores.load, connections: options.connections }),
    effort: options,
    contestants: scenario.contestants.filter((each) => installed.includes(each)),
    progress: (text) => progress(`${name}: ${text}`),
    keep(server) {
      releasers.push(() => server.stop());
      return server;
    },
  };
  try {
    return await scenario.run(stage);
  } finally {
    await Promise.all(releasers.map((release) => release()));
  }
}
