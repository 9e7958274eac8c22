import { parseArgs } from 'node:util';
import { GatehouseError } from '../core/errors.ts';
import type { ExitCode, Terminal } from './terminal.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  /** Placeholder of the value in the help text: `FILE`, `URL`. */
  readonly value?: string;
  readonly help: string;
}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  /** One line, shown in the list of commands. */
  readonly summary: string;
  /** A paragraph and examples, shown by `--help`. */
  readonly help: string;
  readonly options: Readonly<Record<string, Option>>;
  run(values: Values, terminal: Terminal): Promise<ExitCode>;
}

/** Parses the arguments of a command; throws a `usage` error for unknown options and positional arguments. */
export function parseOptions(command: Command, args: readonly string[]): Values {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...HELP }).map(([name, { type }]) => [name, { type }]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new GatehouseError('usage', message.split('. ')[0] ?? message, { cause });
  }
}

/** Returns the value of a required option; throws a `usage` error if it is missing. */
export function required(values: Values, name: string): string {
  const value = text(values, name);
  if (value === undefined) throw new GatehouseError('usage', `--${name} is required`);
  return value;
}

/** Returns the value of a string option; undefined if it is missing. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function formatHelp(name: string, command: Command): string {
  const rows = Object.entries({ ...command.options, ...HELP }).map(([option, { value, help }]) => {
    const label = `  --${option}${value === undefined ? '' : ` ${value}`}`;
    return `${label.padEnd(24)} ${help}`;
  });
  return `gatehouse ${name}: ${command.summary}\n\n${command.help.trim()}\n\nOptions\n${rows.join('\n')}\n`;
}

const HELP: Readonly<Record<string, Option>> = { help: { type: 'boolean', help: 'Show this help.' } };
