import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Problem } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { listProblems } from '../configuration.ts';

/** A line of a configuration, and the entry that it belongs to. */
export interface OwnedLine<Entry> {
  readonly text: string;
  readonly owner?: Entry;
}

/**
 * Removes entries until the configuration passes `check`. `render` returns its lines, `omitted` is called with the
 * reason for each removed entry.
 */
export function validLines<Entry>(
  entries: readonly Entry[],
  render: (entries: readonly Entry[]) => readonly OwnedLine<Entry>[],
  omitted: (entry: Entry, reason: string) => void,
): readonly Entry[] {
  let kept = entries;
  for (;;) {
    const lines = render(kept);
    const problems = problemsOf(lines.map(({ text }) => text));
    const reasons = new Map<Entry, string>();
    for (const { line, message } of problems) {
      const owner = lines[line - 1]?.owner;
      if (owner !== undefined && !reasons.has(owner)) reasons.set(owner, message);
    }
    if (problems.length === 0) return kept;
    if (reasons.size === 0)
      throw new GatehouseError(
        'config_invalid',
        `the source cannot be imported\n${listProblems(problems).trimEnd()}`,
      );
    for (const [entry, reason] of reasons) omitted(entry, reason);
    kept = kept.filter((entry) => !reasons.has(entry));
  }
}

function problemsOf(lines: readonly string[]): readonly Problem[] {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-import-'));
  try {
    const file = join(folder, 'gatehouse.yaml');
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    const result = loadConfig(file, {});
    if (result.kind === 'loaded') return [];
    // A position in the temporary file is no help to a reader.
    return result.problems.map((problem) => ({
      ...problem,
      message: problem.message.replaceAll(/ \(([^()]*):\d+:\d+\)/g, (place, at) =>
        at === file ? '' : place,
      ),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
