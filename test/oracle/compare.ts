import type { Entry } from './corpus.ts';

export interface Difference {
  readonly id: string;
  readonly kind: 'missing' | 'added' | 'changed';
  /** `path: before → after`, one for each field that differs. */
  readonly details: readonly string[];
}

export function compare(before: readonly Entry[], after: readonly Entry[]): readonly Difference[] {
  const found = new Map(after.map((entry) => [entry.id, entry]));
  const known = new Set(before.map(({ id }) => id));
  const differences = before.flatMap((entry): Difference[] => {
    const now = found.get(entry.id);
    if (now === undefined) return [{ id: entry.id, kind: 'missing', details: [] }];
    const details = [...fieldsThatDiffer(entry, now)];
    return details.length === 0 ? [] : [{ id: entry.id, kind: 'changed', details }];
  });
  const added = after.filter(({ id }) => !known.has(id));
  return [...differences, ...added.map(({ id }): Difference => ({ id, kind: 'added', details: [] }))];
}

function* fieldsThatDiffer(before: unknown, after: unknown, path = ''): Generator<string> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  if (!isContainer(before) || !isContainer(after)) {
    yield `${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    yield* fieldsThatDiffer(before[key], after[key], path === '' ? key : `${path}.${key}`);
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
