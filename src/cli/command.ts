import { parseArgs } from 'node:util';
import { GatehouseError } from '../core/errors.ts';
import { closest } from '../util/text/closest.ts';
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
  /** The operands in the help text, such as `[FILE…]`. Undefined if the command takes none. */
  readonly operands?: string;
  run(values: Values, terminal: Terminal, operands: readonly string[]): Promise<ExitCode>;
}

export interface Arguments {
  readonly values: Values;
  readonly operands: readonly string[];
}

/** Parses the arguments of a command; throws a `usage` error for unknown options and unexpected operands. */
export function parseOptions(command: Command, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...HELP }).map(([name, { type }]) => [name, { type }]),
  );
  try {
    const allowPositionals = command.operands !== undefined;
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals });
    return { values, operands: positionals };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const problem = unknownOption(message, Object.keys(options)) ?? message.split('. ')[0] ?? message;
    throw new GatehouseError('usage', problem, { cause });
  }
}

/** The message of Node.js for an option that does not exist, with the most similar option. */
function unknownOption(message: string, options: readonly string[]): string | undefined {
  const typed = /^Unknown option '--([^']+)'/.exec(message)?.[1];
  if (typed === undefined) return undefined;
  const meant = closest(typed, options);
  return `unknown option --${typed}${meant === undefined ? '' : `; did you mean --${meant}?`}`;
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
  const operands = command.operands === undefined ? '' : ` ${command.operands}`;
  return `gatehouse ${name}${operands}: ${command.summary}\n\n${command.help.trim()}\n\nOptions\n${rows.join('\n')}\n`;
}

const HELP: Readonly<Record<string, Option>> = { help: { type: 'boolean', help: 'Show this help.' } };
