/** A secret in the configuration, in a file or in the vault. */
export type Secrets<K extends string> = Readonly<
  Partial<Record<K | `${K}File`, string | undefined> & Record<`${K}FromVault`, object | undefined>>
>;

/** The keys that contain or name the secret. */
export function secretKeys<K extends string>(key: K, holder: Secrets<K>): readonly string[] {
  return ([key, `${key}File`, `${key}FromVault`] as const).filter((each) => holder[each] !== undefined);
}
