import { parseArgs } from 'node:util';

export const CONTESTANT_NAMES = ['nginx', 'haproxy', 'gatehouse'] as const;

export type ContestantName = (typeof CONTESTANT_NAMES)[number];

export interface Options {
  readonly contestants: readonly ContestantName[];
  readonly rounds: number;
  /** Duration per contestant and round. */
  readonly seconds: number;
  /** Duration before the first round, which excludes the warm-up of JIT and connection pools from the results. */
  readonly warmupSeconds: number;
  readonly connections: number;
  readonly json: boolean;
}

export const USAGE = `npm run bench -- [options]
  --only nginx,haproxy   contestants, from ${CONTESTANT_NAMES.join(', ')} (default: all)
  --rounds 5             number of interleaved rounds
  --seconds 4            seconds per contestant and round
  --warmup 3             seconds per contestant before the first round
  --connections 32       keep-alive connections of the load generator
  --json                 print the result as JSON`;

export type Parsed =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'error'; readonly message: string };

export function parseOptions(args: readonly string[]): Parsed {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '4' },
        warmup: { type: 'string', default: '3' },
        connections: { type: 'string', default: '32' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const options = {
      contestants: contestantNames(values.only),
      rounds: count('rounds', values.rounds, 1, 100),
      seconds: count('seconds', values.seconds, 1, 60),
      warmupSeconds: count('warmup', values.warmup, 1, 60),
      connections: count('connections', values.connections, 1, 512),
      json: values.json,
    };
    return { kind: 'options', options };
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}

function contestantNames(only: string | undefined): readonly ContestantName[] {
  if (only === undefined) return CONTESTANT_NAMES;
  const selected = only.split(',');
  const unknown = selected.filter((name) => !CONTESTANT_NAMES.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`--only: ${unknown.join(', ')} is not one of ${CONTESTANT_NAMES.join(', ')}`);
  return CONTESTANT_NAMES.filter((name) => selected.includes(name));
}

/** Parses a bounded number, so that every run ends. */
function count(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name}: ${text} is not a whole number from ${least} to ${most}`);
}
