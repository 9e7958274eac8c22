import type { SettingChange } from './access-difference.ts';

/** Entries of a section, by name. */
export type Entries = ReadonlyMap<string, object>;

/** Names that only one of the two configurations has. */
export function presence(section: string, before: Entries, after: Entries): readonly SettingChange[] {
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

export function different(setting: string): SettingChange {
  return { setting, change: 'different', detail: '' };
}
