/** Changes that the stream keeps, about; a replica further behind reads everything. */
export const MAX_CHANGES = 1_000;

/** A field-value list of the stream: the change that replaced the mark `previous` by `mark`. */
export interface StreamEntry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

/**
 * Ids of the revocations that changed between two marks. Undefined where the entries do not lead from the one to the other:
 * some were trimmed, are not written yet, or come from an earlier version of Gatehouse, which writes none.
 */
export function linkChanges(
  entries: readonly StreamEntry[],
  from: string,
  to: string,
): readonly string[] | undefined {
  const byPrevious = new Map(entries.map(({ message }) => [message['previous'], message]));
  const ids = new Set<string>();
  let mark = from;
  for (let steps = 0; steps < entries.length && mark !== to; steps++) {
    const change = byPrevious.get(mark);
    if (change === undefined) return undefined;
    ids.add(change['id'] ?? '');
    mark = change['mark'] ?? '';
  }
  return mark === to ? [...ids] : undefined;
}
