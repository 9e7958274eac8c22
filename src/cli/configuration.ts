import { formatProblem, type Config, type LoadResult, type Problem } from '../config/serving.ts';
import { GatehouseError } from '../core/errors.ts';
import { required, type Option, type Values } from './command.ts';
import type { Terminal } from './terminal.ts';
import { counted } from '../util/text/counted.ts';

export const CONFIG_OPTION: Readonly<Record<'config', Option>> = {
  config: { type: 'string', value: 'PATH', help: 'Configuration: a YAML file or a directory of YAML files.' },
};

/** Loads the configuration and prints its warnings to stderr. Throws `config_invalid` with all problems. */
export async function readConfiguration(values: Values, terminal: Terminal): Promise<Config> {
  return (await readWithPositions(values, terminal)).config;
}

/** As `readConfiguration`, with the positions of the settings. */
export async function readWithPositions(values: Values, terminal: Terminal) {
  const path = required(values, 'config');
  const { config, positionOf, warnings } = await readForComparison(path, terminal);
  if (warnings.length > 0) terminal.err(listProblems(warnings));
  return { config, positionOf };
}

/** Loads a configuration; its warnings are left to the caller. Throws as `readConfiguration`. */
export async function readForComparison(path: string, terminal: Terminal) {
  const { loadWithPositions } = await import('../config/index.ts');
  const { result, positionOf } = loadWithPositions(path, terminal.env);
  if (result.kind === 'loaded') return { config: result.config, positionOf, warnings: result.warnings };
  return { config: acceptConfiguration(path, result, terminal), positionOf, warnings: [] };
}

/** Prints the warnings to stderr. Throws `config_invalid` with all problems. */
export function acceptConfiguration(path: string, result: LoadResult, terminal: Terminal): Config {
  if (result.warnings.length > 0) terminal.err(listProblems(result.warnings));
  if (result.kind === 'loaded') return result.config;
  const count = counted(result.problems.length, 'problem');
  throw new GatehouseError(
    'config_invalid',
    `${path} has ${count}\n${listProblems(result.problems).trimEnd()}`,
  );
}

export function listProblems(problems: readonly Problem[]): string {
  return problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}\n`).join('');
}
