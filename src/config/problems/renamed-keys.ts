/** Keys of earlier versions and their names today. */
const RENAMED: Readonly<Record<string, string>> = {
  carriers: 'credentialSources',
  jwksUrl: 'jwksUri',
  tokenUrl: 'tokenEndpoint',
};

/** The name that a key of an earlier version has today, if the mapping at this place knows it. */
export function renamedKey(key: string, known: readonly string[]): string | undefined {
  const name = Object.hasOwn(RENAMED, key) ? RENAMED[key] : undefined;
  return name !== undefined && known.includes(name) ? name : undefined;
}
