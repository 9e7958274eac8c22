import { plainClaimName } from '../../../core/credentials/claims.ts';
import { isNarrower, UNCONSTRAINED } from '../../../util/text/text-constraint.ts';
import { compileMatch } from '../../compile/condition.ts';
import type { ConditionSettings, IdentitySettings } from '../../settings.ts';
import type { ComparedSettings, SettingChange } from './access-difference.ts';
import { regionOf } from './region.ts';
import { differingKeys, UNNAMED_SECTIONS } from './setting-differences.ts';

/** The settings that differ, without values that can be secrets. */
export function settingChanges(old: ComparedSettings, next: ComparedSettings): readonly SettingChange[] {
  return [
    ...identityChanges(old.identities, next.identities),
    ...SECTIONS.flatMap((section) =>
      sectionChanges(section, entriesOf(old[section]), entriesOf(next[section])),
    ),
    ...UNNAMED_SECTIONS.flatMap((section) =>
      differingKeys(old[section] ?? {}, next[section] ?? {}).map((key) => different(`${section}.${key}`)),
    ),
  ];
}

const SECTIONS = [
  'roles',
  'services',
  'issuers',
  'deployTokens',
  'jobTokenAllowlist',
  'workloadIdentities',
] as const;

type Entries = ReadonlyMap<string, object>;

function entriesOf(section: ComparedSettings[(typeof SECTIONS)[number]]): Entries {
  return Array.isArray(section)
    ? new Map((section as readonly { readonly name: string }[]).map((entry) => [entry.name, entry]))
    : new Map(Object.entries(section as Readonly<Record<string, object>>));
}

function sectionChanges(section: string, before: Entries, after: Entries): readonly SettingChange[] {
  return [
    ...presence(section, before, after),
    ...[...after].flatMap(([name, entry]): SettingChange[] => {
      const earlier = before.get(name);
      if (earlier === undefined) return [];
      if (Array.isArray(entry))
        return JSON.stringify(entry) === JSON.stringify(earlier) ? [] : [different(`${section}.${name}`)];
      return differingKeys(earlier, entry).map((key) => different(`${section}.${name}.${key}`));
    }),
  ];
}

function presence(section: string, before: Entries, after: Entries): readonly SettingChange[] {
  const changes = (names: readonly string[], change: 'added' | 'removed'): SettingChange[] =>
    names.map((name) => ({ setting: `${section}.${name}`, change, detail: '' }));
  return [
    ...changes(
      [...after.keys()].filter((name) => !before.has(name)),
      'added',
    ),
    ...changes(
      [...before.keys()].filter((name) => !after.has(name)),
      'removed',
    ),
  ];
}

function different(setting: string): SettingChange {
  return { setting, change: 'different', detail: '' };
}

function identityChanges(
  old: readonly IdentitySettings[],
  next: readonly IdentitySettings[],
): readonly SettingChange[] {
  const [before, after] = [old, next].map((list) => new Map(list.map((each) => [each.name, each])));
  if (before === undefined || after === undefined) return [];
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
    ...[...after.values()].flatMap((identity): SettingChange[] => {
      const earlier = before.get(identity.name);
      if (earlier === undefined) return [];
      const path = `identities.${identity.name}`;
      const keys = differingKeys(earlier, identity, new Set(['name', 'match']));
      return [...matchChanges(path, earlier, identity), ...keys.map((key) => different(`${path}.${key}`))];
    }),
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
  path: string,
  { match: before }: IdentitySettings,
  { match: after }: IdentitySettings,
): readonly SettingChange[] {
  const claims = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...claims].flatMap((claim): SettingChange[] => {
    const [was, is] = [before[claim], after[claim]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const detail = `${was === undefined ? 'no condition' : describe(was)} → ${is === undefined ? 'no condition' : describe(is)}`;
    return [{ setting: `${path}.match.${claim}`, change: compared(claim, was, is), detail }];
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
