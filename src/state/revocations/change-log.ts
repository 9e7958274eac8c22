import type { Revocation } from '../../core/credentials/revocation.ts';

export type RevocationChange =
  | { readonly kind: 'added'; readonly revocation: Revocation }
  | { readonly kind: 'removed'; readonly id: string };

/** Changes kept for readers that are behind; those further behind read everything. */
const KEPT = 1_000;

/** The changes of a list since the process started, of which the last ones are kept. */
export class ChangeLog {
  #changes: RevocationChange[] = [];
  /** Changes before the first that is kept. */
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

  /** Undefined where not all of them are kept. */
  since(count: number): readonly RevocationChange[] | undefined {
    const start = count - this.#dropped;
    return start >= 0 && count <= this.count ? this.#changes.slice(start) : undefined;
  }
}
