import type { Revocation } from '../../core/credentials/revocation.ts';

export type RevocationChange =
  | { readonly kind: 'added'; readonly revocation: Revocation }
  | { readonly kind: 'removed'; readonly id: string };

/** Number of changes kept for readers; a reader that is further behind reads all entries. */
const KEPT = 1_000;

/** The last changes of a list, numbered since the start of the process. */
export class ChangeLog {
  #changes: RevocationChange[] = [];
  /** Number of changes before the first one kept. */
  #dropped = 0;

  get count(): number {
    return this.#dropped + this.#changes.length;
  }

  push(change: RevocationChange): void {
    this.#changes.push(change);
    if (this.#changes.length < 2 * KEPT) return;
    this.#changes = this.#changes.slice(KEPT);
    this.#dropped += KEPT;
  }

  /** Undefined if some of the changes are no longer kept. */
  since(count: number): readonly RevocationChange[] | undefined {
    const start = count - this.#dropped;
    return start >= 0 && count <= this.count ? this.#changes.slice(start) : undefined;
  }
}
