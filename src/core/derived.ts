/**
 * An object with room for the values that modules derive from it, each under a `Derived`. The object is created for one
 * credential and one compiled policy, and these values live and end with it. A WeakMap of each module would instead have
 * an entry for each cached token, which every garbage collection visits.
 */
export class DerivedHolder {
  /** Most objects hold one value. */
  #first: object | undefined;
  #value: unknown;
  #others: Map<object, unknown> | undefined;

  static read(holder: object, derived: object): unknown {
    if (!(#first in holder)) return undefined;
    return holder.#first === derived ? holder.#value : holder.#others?.get(derived);
  }

  static write(holder: object, derived: object, value: unknown): void {
    if (!(#first in holder)) return;
    holder.#first ??= derived;
    if (holder.#first === derived) holder.#value = value;
    else (holder.#others ??= new Map()).set(derived, value);
  }
}

/**
 * The values that one module derives from objects of type `Holder`. An object that is not a `DerivedHolder`, such as a
 * copy, has no room: its value is computed each time.
 */
export class Derived<Holder extends object, Value extends object> {
  get(holder: Holder): Value | undefined {
    // Only `set` of this object, with its types, writes under it.
    return DerivedHolder.read(holder, this) as Value | undefined;
  }

  set(holder: Holder, value: Value): void {
    DerivedHolder.write(holder, this, value);
  }
}
