import { guardClaims } from '../../compile/preset-guards.ts';
import { accessCells, type ComparisonContext } from './access-cells.ts';
import type { AccessDifference, ComparedSettings, IsWritten, SettingChange } from './access-difference.ts';
import { widenedTargets } from './allowlist.ts';
import { atomsOf } from './atoms.ts';
import { orderIdentities } from './identity-order.ts';
import { settingChanges } from './setting-changes.ts';
import { settingDifferences } from './setting-differences.ts';
import { serviceDifferences } from './service-differences.ts';
import { compileSide, trustOf, type Side } from './side.ts';
import { issuerUrlOf } from './cells.ts';
import { findWitness } from './witness.ts';

/** What callers gain and lose between two configurations, the gravest first. */
export interface AccessDifferences {
  readonly gains: readonly AccessDifference[];
  readonly losses: readonly AccessDifference[];
  readonly changes: readonly SettingChange[];
}

/** Compares two policies. A gain can be reported that does not exist; none is missed. */
export function compareAccess(
  old: ComparedSettings,
  next: ComparedSettings,
  isWritten: IsWritten = () => true,
): AccessDifferences {
  const [before, after] = [compileSide(old), compileSide(next)];
  return {
    gains: newAccess(before, after, isWritten),
    losses: newAccess(after, before, isWritten),
    changes: settingChanges(old, next, isWritten),
  };
}

/** What `to` may allow and `from` does not. */
function newAccess(from: Side, to: Side, isWritten: IsWritten): readonly AccessDifference[] {
  const context = contextOf(from, to);
  const differences: AccessDifference[] = [
    ...serviceDifferences(from, to),
    ...settingDifferences(from.settings, to.settings, isWritten),
  ];
  for (const { rule, ...atom } of atomsOf(to)) {
    const { identity, service, scope, template } = atom;
    if (service.mode === 'shadow' || !isReachable(to, atom)) continue;
    const cells = accessCells(context, atom);
    const [first] = cells;
    if (first === undefined) continue;
    const entry = { identity: identity.name, class: atom.class, service: service.name, scope, rule };
    const resource = template.source;
    let witness: AccessDifference['witness'];
    let why = first.why;
    for (const cell of cells) {
      witness = findWitness(context, atom, cell);
      if (witness !== undefined) why = cell.why;
      if (witness !== undefined) break;
    }
    const certainty = witness === undefined ? 'possible' : 'certain';
    differences.push({ ...entry, resource, certainty, ...(witness && { witness }), reason: why });
  }
  return differences.toSorted((a, b) => severity(b) - severity(a));
}

/** Whether the service accepts the credentials of the identity at all. */
function isReachable(
  to: Side,
  { identity, service, class: kind }: Parameters<typeof accessCells>[1],
): boolean {
  const url = issuerUrlOf(to, identity);
  return url === undefined || trustOf(to.settings, to.issuerAt(url), service.name, kind).kind === 'accepted';
}

function contextOf(from: Side, to: Side): ComparisonContext {
  const interned = new Map<string, number>();
  const orderOf = (side: Side) =>
    orderIdentities(side.policy.identities, interned, (issuer) => {
      const settings = side.settings.issuers.find(({ name }) => name === issuer);
      return JSON.stringify(settings && [settings.issuer, guardClaims(settings.type)]);
    });
  return {
    from,
    to,
    fromOrder: orderOf(from),
    toOrder: orderOf(to),
    widened: widenedTargets(from.settings.jobTokenAllowlist, to.settings.jobTokenAllowlist),
    fromRequested: requestedIdentities(from),
    toRequested: requestedIdentities(to),
    fromIdentities: new Map(from.policy.identities.map((identity) => [identity.name, identity])),
  };
}

function requestedIdentities({ settings }: Side): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    [...Map.groupBy(settings.workloadIdentities, ({ identity }) => identity)].map(([name, entries]) => [
      name,
      new Set(entries.flatMap(({ audiences }) => audiences)),
    ]),
  );
}

const WRITES = /write|delete|admin|push|trigger/;

/** Access without a credential first, then certain before possible, writing before reading, wide before narrow. */
function severity({ identity, scope, certainty, resource }: AccessDifference): number {
  return (
    (certainty === 'certain' ? 16 : 0) +
    (identity === 'anonymous' || identity === '*' ? 8 : 0) +
    (scope === '*' || WRITES.test(scope) ? 4 : 0) +
    (resource === '**' ? 2 : resource.includes('*') ? 1 : 0)
  );
}
