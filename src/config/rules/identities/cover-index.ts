import type { DraftIdentity } from '../../model/draft.ts';
import { partsOf, type MatchParts } from '../../model/match-parts.ts';

/** An identity with the position that decides its precedence, and its conditions by claim. */
export interface Positioned {
  readonly identity: DraftIdentity;
  readonly position: number;
  readonly match: ReadonlyMap<string, MatchParts>;
}

/** Finds the identities that can match every token of another one, without a comparison of all pairs. */
export interface CoverIndex {
  /** A superset of the earlier identities whose conditions follow from the conditions of this identity. */
  candidates(narrow: Positioned): Iterable<Positioned>;
}

/** Identities by one of their conditions, under each of its keys. */
type Buckets = Map<string, Positioned[]>;

/** Indexes identities of one issuer, each by the condition that the fewest other identities share. */
export function indexCovers(identities: readonly Positioned[]): CoverIndex {
  const shared = new Map<string, number>();
  for (const { match } of identities) {
    for (const [claim, parts] of match) {
      for (const key of keysOf(claim, parts)) shared.set(key, (shared.get(key) ?? 0) + 1);
    }
  }
  const buckets: Buckets = new Map();
  /** By claim: the lengths of the literal prefixes of its globs. */
  const prefixes = new Map<string, Set<number>>();
  const rest: Positioned[] = [];
  for (const each of identities) {
    const anchor = pickAnchor(each, shared);
    if (anchor === undefined) rest.push(each);
    else {
      for (const key of new Set(keysOf(...anchor))) add(buckets, key, each);
      const [claim, { globs, values, contains }] = anchor;
      if (values !== undefined || contains !== undefined) continue;
      const lengths = prefixes.get(claim) ?? new Set();
      for (const glob of globs ?? []) lengths.add(literalPrefix(glob).length);
      prefixes.set(claim, lengths);
    }
  }

  return {
    *candidates(narrow) {
      const keys = lookups(narrow, prefixes);
      // An empty list of values satisfies every condition: the identity never matches, which is reported elsewhere.
      const lists =
        keys === undefined ? [identities] : [rest, ...[...keys].map((key) => buckets.get(key) ?? [])];
      for (const list of lists) {
        for (const wide of list) {
          if (wide.position >= narrow.position) break;
          yield wide;
        }
      }
    },
  };
}

export function positioned(identity: DraftIdentity, position: number): Positioned {
  const match = new Map(
    Object.entries(identity.match).map(([claim, condition]) => [claim, partsOf(condition)]),
  );
  return { identity, position, match };
}

function pickAnchor(
  { match }: Positioned,
  shared: ReadonlyMap<string, number>,
): readonly [string, MatchParts] | undefined {
  let anchor: readonly [string, MatchParts] | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const condition of match) {
    const keys = keysOf(...condition);
    const rivals = Math.max(...keys.map((key) => shared.get(key) ?? 0));
    if (keys.length === 0 || rivals >= fewest) continue;
    fewest = rivals;
    anchor = condition;
  }
  return anchor;
}

/** The keys of a condition. Each condition that implies it looks up at least one of them. */
function keysOf(claim: string, { contains, values, globs }: MatchParts): string[] {
  if (contains !== undefined) return [keyOf('contains', claim, contains)];
  if (values !== undefined) return values.map((value) => keyOf('value', claim, value));
  return (globs ?? []).flatMap((glob) => [
    keyOf('prefix', claim, literalPrefix(glob)),
    keyOf('glob', claim, glob),
  ]);
}

/** Undefined: every condition follows from the conditions of this identity. */
function lookups(
  { match }: Positioned,
  prefixes: ReadonlyMap<string, ReadonlySet<number>>,
): Set<string> | undefined {
  const keys = new Set<string>();
  for (const [claim, { contains, values, globs }] of match) {
    if (values?.length === 0) return undefined;
    if (contains !== undefined) keys.add(keyOf('contains', claim, contains));
    const [value] = values ?? [];
    if (value !== undefined) {
      keys.add(keyOf('value', claim, value));
      for (const length of prefixes.get(claim) ?? [])
        if (length <= value.length) keys.add(keyOf('prefix', claim, value.slice(0, length)));
    }
    const [glob] = globs ?? [];
    if (glob !== undefined) keys.add(keyOf('glob', claim, glob));
    keys.add(keyOf('glob', claim, '**'));
  }
  return keys;
}

function literalPrefix(glob: string): string {
  const star = glob.indexOf('*');
  return star === -1 ? glob : glob.slice(0, star);
}

/** Two conditions with one key would cost a comparison, and nothing else. */
function keyOf(kind: 'contains' | 'value' | 'prefix' | 'glob', claim: string, text: string): string {
  return `${kind} ${claim} ${text}`;
}

function add(buckets: Buckets, key: string, identity: Positioned): void {
  const bucket = buckets.get(key);
  if (bucket === undefined) buckets.set(key, [identity]);
  else bucket.push(identity);
}
