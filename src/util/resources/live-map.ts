interface Entry<K, V> {
  readonly key: K;
  value: V;
  previous: Entry<K, V> | undefined;
  next: Entry<K, V> | undefined;
}

type Keyed<K, V> = Record<symbol, Entry<K, V> | undefined>;

/**
 * A map, in the order of insertion, for objects that come and go with each request or connection. Each hash table that a
 * Map or Set replaces refers to the next one (V8 src/objects/ordered-hash-table.h). A replaced table in old space
 * therefore keeps its entries and all later tables until a mark-compact, and every scavenge copies them.
 */
export class LiveMap<K extends object, V> {
  /** The property of a key that refers to its entry. */
  readonly #entry = Symbol('LiveMap entry');
  #first: Entry<K, V> | undefined;
  #last: Entry<K, V> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return (key as Keyed<K, V>)[this.#entry]?.value;
  }

  set(key: K, value: V): void {
    const keyed = key as Keyed<K, V>;
    const known = keyed[this.#entry];
    if (known !== undefined) {
      known.value = value;
      return;
    }
    const entry: Entry<K, V> = { key, value, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    keyed[this.#entry] = entry;
    this.#size += 1;
  }

  delete(key: K): void {
    const keyed = key as Keyed<K, V>;
    const entry = keyed[this.#entry];
    if (entry === undefined) return;
    const { previous, next } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // An entry in old space must not keep its neighbours.
    entry.previous = undefined;
    entry.next = undefined;
    keyed[this.#entry] = undefined;
    this.#size -= 1;
  }

  /** The entry that was inserted first. */
  oldest(): readonly [K, V] | undefined {
    return this.#first && [this.#first.key, this.#first.value];
  }

  /** As in a Map, a loop may delete entries and does not reach those that are deleted. It does not reach new ones. */
  *entries(): Generator<readonly [K, V], void> {
    for (const key of this.keys()) {
      const entry = (key as Keyed<K, V>)[this.#entry];
      if (entry !== undefined) yield [key, entry.value];
    }
  }

  /** The present keys, also if a loop deletes them. */
  keys(): readonly K[] {
    const keys: K[] = [];
    for (let at = this.#first; at !== undefined; at = at.next) keys.push(at.key);
    return keys;
  }
}
