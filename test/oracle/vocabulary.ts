/** Names of configuration keys and audit fields before (`old`) and after (`new`) issue 13. The corpus holds the new ones. */
export type Vocabulary = 'old' | 'new';

const OLD_KEYS: ReadonlyMap<string, string> = new Map([
  ['credentialSources', 'credentialSources'],
  ['jwksUri', 'jwksUri'],
  ['tokenEndpoint', 'tokenEndpoint'],
]);

const OLD_FIELDS: ReadonlyMap<string, string> = new Map([['credential_source', 'carrier']]);

/** A configuration written in the new vocabulary, as the gateway under test takes it. */
export function configurationIn(vocabulary: Vocabulary, value: unknown): unknown {
  if (vocabulary === 'new') return value;
  if (Array.isArray(value)) return value.map((item: unknown) => configurationIn(vocabulary, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      OLD_KEYS.get(key) ?? key,
      configurationIn(vocabulary, member),
    ]),
  );
}

/** The name of an audit field that the gateway under test writes. */
export function auditField(vocabulary: Vocabulary, name: string): string {
  return vocabulary === 'new' ? name : (OLD_FIELDS.get(name) ?? name);
}
