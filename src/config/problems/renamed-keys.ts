/** Keys of earlier versions and their current names. */
const RENAMED: Readonly<Record<string, string>> = {
  carriers: 'credentialSources',
  jwksUrl: 'jwksUri',
  tokenUrl: 'tokenEndpoint',
};

/** The current name of a key of an earlier version, if the mapping at this position supports it. */
export function renamedKey(key: string, known: readonly string[]): string | undefined {
  const name = Object.hasOwn(RENAMED, key) ? RENAMED[key] : undefined;
  return name !== undefined && known.includes(name) ? name : undefined;
}
