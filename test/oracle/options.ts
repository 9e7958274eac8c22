import { parseArgs } from 'node:util';
import type { Vocabulary } from './vocabulary.ts';

export const USAGE = `usage: node test/oracle/main.ts record FILE [--vocabulary old|new] [--only TEXT]
       node test/oracle/main.ts compare FILE [--with FILE] [--accept FILE] [--all] [--vocabulary old|new] [--only TEXT]

record    runs all cases against the gateway of this checkout and writes what was seen
compare   runs them again and prints the differences to FILE; exit code 1 if there are any
--with        compares FILE with another recording, without running anything
--accept      intended differences: a JSON object of regular expression for case ids → reason
--all         prints every difference, not only the first 40
--vocabulary  names of configuration keys and audit fields before (old) or after (new) the renames of issue 13
--only        only scenarios whose name contains TEXT`;

export interface Options {
  readonly command: 'record' | 'compare';
  readonly file: string;
  readonly other: string | undefined;
  readonly accept: string | undefined;
  readonly all: boolean;
  readonly vocabulary: Vocabulary;
  readonly only: string;
}

/** Undefined where the arguments are not usable. */
export function readOptions(args: readonly string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        with: { type: 'string' },
        accept: { type: 'string' },
        all: { type: 'boolean', default: false },
        vocabulary: { type: 'string', default: 'old' },
        only: { type: 'string', default: '' },
      },
    });
    const [command, file, ...more] = positionals;
    const { vocabulary } = values;
    if (command !== 'record' && command !== 'compare') return undefined;
    if (vocabulary !== 'old' && vocabulary !== 'new') return undefined;
    if (file === undefined || more.length > 0) return undefined;
    const { with: other, accept, all, only } = values;
    return { command, file, other, accept, all, vocabulary, only };
  } catch {
    return undefined;
  }
}
