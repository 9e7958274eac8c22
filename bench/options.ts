import { parseArgs } from 'node:util';
import { CONTESTANT_NAMES } from './contestants/index.ts';
import type { ContestantName } from './contestants/index.ts';
import { SCENARIO_NAMES } from './scenarios/index.ts';
import type { ScenarioName } from './scenarios/index.ts';
import type { Effort } from './scenarios/scenario.ts';

export interface Options extends Effort {
  readonly contestants: readonly ContestantName[];
  readonly scenarios: readonly ScenarioName[];
  readonly json: boolean;
  /** The result with which the ratios are compared. */
  readonly check: string | undefined;
}

const DEFAULT_RESULT = 'bench/result.json';

export const USAGE = `npm run bench -- [options]
  --only A,B           contestants, from ${CONTESTANT_NAMES.join(', ')} (default: all)
  --scenario A,B       scenarios, from ${SCENARIO_NAMES.join(', ')} (default: all)
  --rounds 5           number of interleaved rounds
  --seconds 4          seconds per lane and round
  --warmup 3           seconds per lane before the first round
  --connections 32     keep-alive connections of the load generator
  --tokens 20000       different tokens per round of new-tokens
  --mib 1024           size of the bodies of bodies
  --packages 300       packages of npm
  --idle 5000          idle connections of connections
  --json               print the result as JSON
  --check              compare the ratios with ${DEFAULT_RESULT}; exit code 1 if one is worse
  --against FILE       compare with another result`;

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
        scenario: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '4' },
        warmup: { type: 'string', default: '3' },
        connections: { type: 'string', default: '32' },
        tokens: { type: 'string', default: '20000' },
        mib: { type: 'string', default: '1024' },
        packages: { type: 'string', default: '300' },
        idle: { type: 'string', default: '5000' },
        json: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        against: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const options: Options = {
      contestants: selected('only', values.only, CONTESTANT_NAMES),
      scenarios: selected('scenario', values.scenario, SCENARIO_NAMES),
      rounds: count('rounds', values.rounds, 1, 100),
      seconds: count('seconds', values.seconds, 1, 60),
      warmupSeconds: count('warmup', values.warmup, 1, 60),
      connections: count('connections', values.connections, 1, 512),
      sizes: {
        tokens: count('tokens', values.tokens, 100, 200_000),
        mib: count('mib', values.mib, 1, 8192),
        packages: count('packages', values.packages, 1, 2000),
        idle: count('idle', values.idle, 1, 10_000),
      },
      json: values.json,
      check: values.against ?? (values.check ? DEFAULT_RESULT : undefined),
    };
    return { kind: 'options', options };
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}

function selected<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (text === undefined) return known;
  const names = text.split(',');
  const unknown = names.filter((name) => !known.some((each) => each === name));
  if (unknown.length > 0) {
    throw new Error(`--${option}: ${unknown.join(', ')} is not one of ${known.join(', ')}`);
  }
  return known.filter((name) => names.includes(name));
}

/** Parses a bounded number, so that every run ends. */
function count(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name}: ${text} is not a whole number from ${least} to ${most}`);
}
