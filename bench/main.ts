import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, missingTools } from '../test/support/tools.ts';
import type { Bed, Contestant } from './contestant.ts';
import { twoCores } from './cores.ts';
import { gatehouse } from './gatehouse.ts';
import { haproxy } from './haproxy.ts';
import { createLoadGenerator } from './load.ts';
import { assertVerifies, measureRounds } from './measure.ts';
import type { Entrant } from './measure.ts';
import { nginx, startUpstream } from './nginx.ts';
import { USAGE, parseOptions } from './options.ts';
import type { ContestantName, Options } from './options.ts';
import { formatTable, summarise } from './report.ts';
import { createCredentials } from './token.ts';

const CONTESTANTS: Readonly<Record<ContestantName, Contestant>> = { nginx, haproxy, gatehouse };

const LABELS = { nginx: nginx.label, haproxy: haproxy.label, gatehouse: gatehouse.label };

async function bench(options: Options, folder: string): Promise<string> {
  const releasers: (() => Promise<void>)[] = [];
  try {
    const cores = twoCores();
    const upstream = await startUpstream({ folder, core: cores.load });
    releasers.push(upstream.stop);
    const credentials = createCredentials();
    const bed: Bed = { folder, core: cores.server, upstream: upstream.url, credentials };
    const entrants: Entrant[] = [];
    for (const name of options.contestants) {
      const server = await CONTESTANTS[name].start(bed);
      releasers.push(server.stop);
      const entrant = { name, contestant: CONTESTANTS[name], server };
      await assertVerifies(entrant, bed);
      entrants.push(entrant);
    }
    const load = await createLoadGenerator(findTool('wrk') ?? 'wrk', folder, {
      core: cores.load,
      connections: options.connections,
      token: credentials.token,
    });
    const samples = await measureRounds(entrants, bed, load, options, (text) => console.error(text));
    const rows = summarise(options.contestants, samples);
    if (!options.json) return formatTable(rows, LABELS);
    const versions = await Promise.all(entrants.map(({ contestant }) => contestant.version()));
    const tokenBytes = credentials.token.length;
    return JSON.stringify(
      { machine: cpus()[0]?.model, versions, tokenBytes, options, rows, samples },
      null,
      2,
    );
  } finally {
    await Promise.all(releasers.map((release) => release()));
  }
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      console.log(USAGE);
      return 0;
    case 'error':
      console.error(`${parsed.message}\n\n${USAGE}`);
      return 2;
    case 'options': {
      const missing = missingTools(['nginx', 'wrk', 'taskset', ...programs(parsed.options)]);
      if (missing !== undefined) {
        console.error(`bench: ${missing}`);
        return 2;
      }
      const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
      try {
        console.log(await bench(parsed.options, folder));
        return 0;
      } catch (error) {
        console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
      } finally {
        await rm(folder, { recursive: true });
      }
    }
    default:
      return parsed satisfies never;
  }
}

function programs(options: Options): readonly 'haproxy'[] {
  return options.contestants.includes('haproxy') ? ['haproxy'] : [];
}

process.exitCode = await main();
