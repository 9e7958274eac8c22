import type { CredentialClass } from '../../../core/credentials/credential.ts';
import type { CompiledIdentity } from '../../compile/identity.ts';
import { regionOf, type Region } from './region.ts';

/** The identities that match without being named in a request, by issuer and in their order. */
export interface IdentityOrder {
  /** A superset of those that can match a credential of the region. */
  candidates(issuer: string, kind: CredentialClass, region: Region): readonly CompiledIdentity[];
  /** The `candidates` before this identity. */
  earlierThan(identity: CompiledIdentity, kind: CredentialClass, region: Region): readonly CompiledIdentity[];
  /** The identity of `other` that the same credentials match, if it and all before it have equal conditions. */
  sameIn(other: IdentityOrder, identity: CompiledIdentity): CompiledIdentity | undefined;
  readonly ofIssuer: ReadonlyMap<string, IssuerOrder>;
}

interface IssuerOrder {
  readonly identities: readonly CompiledIdentity[];
  /** Per position: a text that is equal if this identity and all before it match the same credentials. */
  readonly prefixes: readonly number[];
  readonly places: ReadonlyMap<CompiledIdentity, number>;
  readonly byValue: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;
  /** Per claim, positions of the identities that limit it to no values. */
  readonly open: ReadonlyMap<string, readonly number[]>;
}

/** `interned`: shared between the two orders that are compared; `urlOf`: the `iss` of an issuer. */
export function orderIdentities(
  all: readonly CompiledIdentity[],
  interned: Map<string, number>,
  urlOf: (issuer: string) => string,
): IdentityOrder {
  const named = all.filter(({ onRequest }) => !onRequest);
  const ofIssuer = new Map(
    [...Map.groupBy(named, ({ issuer }) => issuer)].map(([issuer, identities]) => [
      issuer,
      indexIssuer(identities, interned, urlOf(issuer)),
    ]),
  );

  const candidates: IdentityOrder['candidates'] = (issuer, kind, region) => {
    const order = ofIssuer.get(issuer);
    if (order === undefined) return [];
    return positionsFor(order, region).flatMap((at) => {
      const identity = order.identities[at];
      return identity?.via.includes(kind) === true ? [identity] : [];
    });
  };
  return {
    ofIssuer,
    candidates,
    earlierThan(identity, kind, region) {
      const order = ofIssuer.get(identity.issuer);
      const end = order?.places.get(identity) ?? 0;
      return candidates(identity.issuer, kind, region).filter((each) => (order?.places.get(each) ?? 0) < end);
    },
    sameIn(other, identity) {
      const order = ofIssuer.get(identity.issuer);
      const theirs = other.ofIssuer.get(identity.issuer);
      const at = order?.places.get(identity);
      if (order === undefined || theirs === undefined || at === undefined) return undefined;
      return order.prefixes[at] === theirs.prefixes[at] ? theirs.identities[at] : undefined;
    },
  };
}

function indexIssuer(
  identities: readonly CompiledIdentity[],
  interned: Map<string, number>,
  url: string,
): IssuerOrder {
  const byValue = new Map<string, Map<string, number[]>>();
  const prefixes: number[] = [];
  let prefix = intern(interned, url);
  for (const [at, identity] of identities.entries()) {
    prefix = intern(interned, `${prefix} ${textOf(identity)}`);
    prefixes.push(prefix);
    for (const [claim, { values }] of regionOf(identity).claims) {
      if (values === undefined) continue;
      const positions = byValue.get(claim) ?? new Map<string, number[]>();
      byValue.set(claim, positions);
      for (const value of new Set(values)) {
        const members = positions.get(value);
        if (members === undefined) positions.set(value, [at]);
        else members.push(at);
      }
    }
  }
  const open = new Map(
    [...byValue.keys()].map((claim) => [
      claim,
      identities.flatMap((identity, at) =>
        regionOf(identity).claims.get(claim)?.values === undefined ? [at] : [],
      ),
    ]),
  );
  return { identities, prefixes, places: new Map(identities.map((each, at) => [each, at])), byValue, open };
}

/** What determines which credentials match. */
function textOf({ issuerType, via, conditions }: CompiledIdentity): string {
  return JSON.stringify([
    issuerType,
    via,
    conditions.map(({ claim, operator, expected }) => [claim, operator, expected]),
  ]);
}

function intern(interned: Map<string, number>, text: string): number {
  const known = interned.get(text) ?? interned.size;
  interned.set(text, known);
  return known;
}

/** By the claim of the region that leaves the fewest positions. */
function positionsFor({ identities, byValue, open }: IssuerOrder, { claims }: Region): readonly number[] {
  let best: readonly number[] | undefined;
  for (const [claim, { values }] of claims) {
    const positions = values === undefined ? undefined : byValue.get(claim);
    if (positions === undefined || values === undefined) continue;
    const rest = open.get(claim) ?? [];
    if (best !== undefined && rest.length >= best.length) continue;
    const found = [...rest, ...values.flatMap((value) => positions.get(value) ?? [])];
    if (best === undefined || found.length < best.length) best = found;
  }
  if (best === undefined) return identities.map((_, at) => at);
  return [...new Set(best)].toSorted((a, b) => a - b);
}
