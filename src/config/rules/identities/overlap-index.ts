import type { Positioned } from './cover-index.ts';

/** Finds the earlier identities that can match a token of another one, without a comparison of all pairs. */
export interface OverlapIndex {
  /** In order: a superset of the earlier identities whose values and patterns are compatible. */
  candidates(later: Positioned): Generator<Positioned>;
}

/** What identities accept for one claim: values, and the literal starts of patterns. */
interface ClaimIndex {
  readonly values: Map<string, number[]>;
  readonly prefixes: Map<string, number[]>;
  /** Members are identities with a condition on the claim that is a value or a pattern. */
  readonly bound: Uint32Array;
  /** All texts in order, for the lookup of those with a common start. */
  sorted: readonly string[];
}

type Keys = readonly { readonly text: string; readonly exact: boolean }[];

/** Indexes identities of one issuer, in their order. */
export function indexOverlaps(identities: readonly Positioned[]): OverlapIndex {
  const words = Math.ceil(identities.length / 32);
  const keys = identities.map(keysOf);
  const claims = new Map<string, ClaimIndex>();
  for (const [at, byClaim] of keys.entries()) {
    for (const [claim, texts] of byClaim) {
      const index = claims.get(claim) ?? emptyIndex(words);
      claims.set(claim, index);
      setBit(index.bound, at);
      for (const { text, exact } of texts) push(exact ? index.values : index.prefixes, text, at);
    }
  }
  for (const index of claims.values())
    index.sorted = [...new Set([...index.values.keys(), ...index.prefixes.keys()])].toSorted(compareTexts);
  const places = new Map(identities.map((each, at) => [each, at]));

  return {
    *candidates(later) {
      const end = places.get(later) ?? 0;
      const conditions = [...(keys[end] ?? [])].flatMap(([claim, texts]) => {
        const index = claims.get(claim);
        return index === undefined ? [] : [{ index, texts, size: sizeOf(index, texts) }];
      });
      let open = new Uint32Array(words).fill(0xffff_ffff);
      for (const { index, texts } of conditions.toSorted((x, y) => x.size - y.size)) {
        const before = open;
        open = before.map((word, at) => word & ~(index.bound[at] ?? 0));
        for (const key of texts)
          for (const list of compatible(index, key))
            for (const at of list) if (hasBit(before, at)) setBit(open, at);
        if (!anyBefore(open, end)) return;
      }
      for (let at = 0; at < end; at += 1) {
        const earlier = hasBit(open, at) ? identities[at] : undefined;
        if (earlier !== undefined) yield earlier;
      }
    },
  };
}

function keysOf({ match }: Positioned): Map<string, Keys> {
  const keys = new Map<string, Keys>();
  for (const [claim, { values, globs }] of match) {
    const exact = values?.map((text) => ({ text, exact: true }));
    const texts =
      exact ?? globs?.map((glob) => ({ text: glob.split('*', 1)[0] ?? '', exact: !glob.includes('*') }));
    if (texts !== undefined) keys.set(claim, texts);
  }
  return keys;
}

/** An estimate of the number of compatible identities: conditions that exclude the most are applied first. */
function sizeOf({ values, prefixes }: ClaimIndex, texts: Keys): number {
  return texts.reduce(
    (sum, { text, exact }) => sum + (exact ? (values.get(text)?.length ?? 0) : values.size + prefixes.size),
    0,
  );
}

function* compatible(
  { values, prefixes, sorted }: ClaimIndex,
  { text, exact }: Keys[number],
): Generator<number[]> {
  if (prefixes.size > 0)
    for (let length = 0; length < text.length; length += 1) yield prefixes.get(text.slice(0, length)) ?? [];
  if (exact) {
    yield prefixes.get(text) ?? [];
    yield values.get(text) ?? [];
    return;
  }
  for (let at = firstAtLeast(sorted, text); sorted[at]?.startsWith(text) === true; at += 1) {
    const longer = sorted[at] ?? '';
    yield values.get(longer) ?? [];
    yield prefixes.get(longer) ?? [];
  }
}

/** By code units, as `<` compares them. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function firstAtLeast(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function emptyIndex(words: number): ClaimIndex {
  return { values: new Map(), prefixes: new Map(), bound: new Uint32Array(words), sorted: [] };
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function setBit(bits: Uint32Array, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] ?? 0) | (1 << (at & 31));
}

function hasBit(bits: Uint32Array, at: number): boolean {
  return ((bits[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0;
}

function anyBefore(bits: Uint32Array, end: number): boolean {
  const last = end >>> 5;
  for (let at = 0; at < last; at += 1) if (bits[at] !== 0) return true;
  return ((bits[last] ?? 0) & ((1 << (end & 31)) - 1)) !== 0;
}
