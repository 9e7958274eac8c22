import type { SourceNode } from './source-tree.ts';

export type Aliased =
  | { readonly kind: 'node'; readonly node: SourceNode }
  | { readonly kind: 'invalid'; readonly detail: string };

interface Anchored {
  readonly node: SourceNode;
  readonly size: number;
  readonly height: number;
}

/** An alias repeats its subtree, so ten lines of YAML can expand to more values than fit in memory. */
const MAX_ALIASED = 10_000;

/** The anchors of one file. A value is added when it is complete, so that no value can contain itself. */
export class Anchors {
  readonly #anchored = new Map<string, Anchored>();
  readonly #maxDepth: number;
  #aliased = 0;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  add(name: string, node: SourceNode): void {
    this.#anchored.set(name, { node, ...measure(node) });
  }

  /** The value of the alias `*name` at this depth. */
  take(name: string, depth: number): Aliased {
    const anchored = this.#anchored.get(name);
    if (anchored === undefined)
      return invalid(`the alias *${name} has no complete anchor &${name} before it`);
    this.#aliased += anchored.size;
    if (this.#aliased > MAX_ALIASED) {
      return invalid(`aliases stand for more than ${MAX_ALIASED} values here; write them out`);
    }
    return depth + anchored.height > this.#maxDepth
      ? invalid(`is nested deeper than ${this.#maxDepth} levels`)
      : { kind: 'node', node: anchored.node };
  }
}

function invalid(detail: string): Aliased {
  return { kind: 'invalid', detail };
}

function measure(node: SourceNode): { size: number; height: number } {
  if (node.kind === 'scalar') return { size: 1, height: 0 };
  const children = node.kind === 'list' ? node.items : [...node.entries.values()].map(({ value }) => value);
  let size = 1;
  let height = 0;
  for (const child of children) {
    const inner = measure(child);
    size += inner.size;
    height = Math.max(height, inner.height);
  }
  return { size, height: height + 1 };
}
