/** Approximate length of the stream; a replica that is further behind reads all revocations. */
export const MAX_CHANGES = 1_000;

/** A field-value list of the stream: the change that replaced the mark `previous` with `mark`. */
export interface StreamEntry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

/**
 * Ids of the revocations that changed between two marks. Undefined if the entries do not link the marks:
 * entries were trimmed, are not written yet, or an earlier version of Gatehouse made a change without an entry.
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
