import type { ComparedSettings, IsWritten, SettingChange } from './access-difference.ts';
import { different, presence, type Entries } from './changed-names.ts';
import { identityChanges } from './identity-changes.ts';
import { differingKeys, UNNAMED_SECTIONS } from './setting-differences.ts';

/** The settings that differ, without values that can be secrets. */
export function settingChanges(
  old: ComparedSettings,
  next: ComparedSettings,
  isWritten: IsWritten,
): readonly SettingChange[] {
  return [
    ...identityChanges(old.identities, next.identities),
    ...SECTIONS.flatMap((section) =>
      sectionChanges(section, entriesOf(old[section]), entriesOf(next[section]), isWritten),
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

function entriesOf(section: ComparedSettings[(typeof SECTIONS)[number]]): Entries {
  return Array.isArray(section)
    ? new Map((section as readonly { readonly name: string }[]).map((entry) => [entry.name, entry]))
    : new Map(Object.entries(section as Readonly<Record<string, object>>));
}

function sectionChanges(
  section: string,
  before: Entries,
  after: Entries,
  isWritten: IsWritten,
): readonly SettingChange[] {
  return [
    ...presence(section, before, after),
    ...[...after].flatMap(([name, entry]): SettingChange[] => {
      const earlier = before.get(name);
      if (earlier === undefined) return [];
      if (Array.isArray(entry))
        return JSON.stringify(entry) === JSON.stringify(earlier) ? [] : [different(`${section}.${name}`)];
      return differingKeys(earlier, entry)
        .filter((key) => isWritten([section, name, key]))
        .map((key) => different(`${section}.${name}.${key}`));
    }),
  ];
}
