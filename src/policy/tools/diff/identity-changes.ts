import { plainClaimName } from '../../../core/credentials/claims.ts';
import { isNarrower, UNCONSTRAINED } from '../../../util/text/text-constraint.ts';
import { compileMatch } from '../../compile/condition.ts';
import type { ConditionSettings, IdentitySettings } from '../../settings.ts';
import type { SettingChange } from './access-difference.ts';
import { different, presence } from './changed-names.ts';
import { regionOf } from './region.ts';
import { differingKeys, pathOfIdentity } from './setting-differences.ts';

/** Changes of identities and of their order. Workload identities that define one are entries of `workloadIdentities`. */
export function identityChanges(
  old: readonly IdentitySettings[],
  next: readonly IdentitySettings[],
): readonly SettingChange[] {
  const [before, after] = [old, next].map(
    (list) => new Map(list.filter(({ onRequest }) => onRequest !== true).map((each) => [each.name, each])),
  );
  if (before === undefined || after === undefined) return [];
  const earlier = new Map(old.map((each) => [keyOf(each), each]));
  return [
    ...presence('identities', before, after),
    ...movedNames(
      [...before.keys()].filter((name) => after.has(name)),
      [...after.keys()].filter((name) => before.has(name)),
    ).map((name): SettingChange => ({
      setting: `identities.${name}`,
      change: 'moved',
      detail: 'the order of the identities decides which one applies',
    })),
    ...next.flatMap((identity): readonly SettingChange[] => {
      const same = earlier.get(keyOf(identity));
      return same === undefined ? [] : changesOfIdentity(same, identity);
    }),
  ];
}

/** An identity and a workload identity with equal names are two entries. */
function keyOf(identity: IdentitySettings): string {
  return pathOfIdentity(identity).join('.');
}

function changesOfIdentity(before: IdentitySettings, after: IdentitySettings): readonly SettingChange[] {
  const path = keyOf(after);
  const keys = differingKeys(before, after, new Set(['name', 'match']));
  return [
    ...matchChanges(before, after).map(({ claim, change, detail }): SettingChange =>
      // The keys of a workload identity stand for claims that they do not name.
      after.onRequest === true
        ? { setting: path, change, detail: `${claim}: ${detail}` }
        : { setting: `${path}.match.${claim}`, change, detail },
    ),
    ...keys.map((key) => different(`${path}.${key}`)),
  ];
}

/** The fewest names whose removal leaves both lists in one order: all but a longest increasing subsequence. */
function movedNames(before: readonly string[], after: readonly string[]): readonly string[] {
  const places = new Map(before.map((name, at) => [name, at]));
  const tails: { readonly place: number; readonly at: number }[] = [];
  const previous: (number | undefined)[] = [];
  for (const [at, name] of after.entries()) {
    const place = places.get(name) ?? 0;
    let length = tails.findIndex((tail) => tail.place >= place);
    if (length === -1) length = tails.length;
    previous.push(tails[length - 1]?.at);
    tails[length] = { place, at };
  }
  const kept = new Set<number>();
  for (let at = tails.at(-1)?.at; at !== undefined; at = previous[at]) kept.add(at);
  return after.filter((_, at) => !kept.has(at));
}

function matchChanges(
  { match: before }: IdentitySettings,
  { match: after }: IdentitySettings,
): readonly (Omit<SettingChange, 'setting'> & { readonly claim: string })[] {
  const claims = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...claims].flatMap((claim) => {
    const [was, is] = [before[claim], after[claim]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const detail = `${was === undefined ? 'no condition' : describe(was)} → ${is === undefined ? 'no condition' : describe(is)}`;
    return [{ claim, change: compared(claim, was, is), detail }];
  });
}

function compared(
  claim: string,
  was: ConditionSettings | undefined,
  is: ConditionSettings | undefined,
): SettingChange['change'] {
  const [before, after] = [was, is].map((condition) => {
    const conditions = condition === undefined ? [] : compileMatch({ [claim]: condition });
    return regionOf({ conditions, guards: [] }).claims.get(plainClaimName(claim)) ?? UNCONSTRAINED;
  });
  if (before === undefined || after === undefined) return 'different';
  if (isNarrower(before, after)) return 'wider';
  return isNarrower(after, before) ? 'narrower' : 'different';
}

function describe(condition: ConditionSettings): string {
  return compileMatch({ claim: condition })
    .map(({ operator, expected }) => `${operator} ${expected.map((each) => JSON.stringify(each)).join(', ')}`)
    .join(' and ');
}
