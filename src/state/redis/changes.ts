/** Approximate length of the stream; a replica that is further behind reads all revocations. */
export const MAX_CHANGES = 1_000;

/** A field-value list of the stream: the change that replaced the mark `previous` with `mark`. */
export interface StreamEntry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

export interface LinkedChanges {
  /** Ids of the revocations that changed. */
  readonly ids: readonly string[];
  /** Mark of the last of these changes. */
  readonly mark: string;
  /** Id of the stream entry after which the next read begins. */
  readonly position: string;
}

/**
 * Follows the changes from one mark as far as the entries link it to the other. Undefined if no entry follows the mark:
 * it was trimmed or is not written yet, or an earlier version of Gatehouse made the change without an entry.
 */
export function linkChanges(
  entries: readonly StreamEntry[],
  since: { readonly mark: string; readonly position: string },
  to: string,
): LinkedChanges | undefined {
  const byPrevious = new Map(entries.map((entry) => [entry.message['previous'], entry]));
  const used = new Set<StreamEntry>();
  let { mark } = since;
  while (mark !== to) {
    const entry = byPrevious.get(mark);
    if (entry === undefined || used.has(entry)) break;
    used.add(entry);
    mark = entry.message['mark'] ?? '';
  }
  if (mark === since.mark && mark !== to) return undefined;
  const ids = new Set([...used].map(({ message }) => message['id'] ?? ''));
  return { ids: [...ids], mark, position: nextPosition(entries, used, mark === to) ?? since.position };
}

/** Entries of different replicas arrive in any order, so the next read repeats those after the first unused one. */
function nextPosition(
  entries: readonly StreamEntry[],
  used: ReadonlySet<StreamEntry>,
  complete: boolean,
): string | undefined {
  if (complete) return entries.at(-1)?.id;
  const unused = entries.findIndex((entry) => !used.has(entry));
  return (unused === -1 ? entries.at(-1) : entries[unused - 1])?.id;
}
