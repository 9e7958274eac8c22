/** Fields that the parser itself reads; `other` is passed on only. */
export type FieldRole = 'content-length' | 'transfer-encoding' | 'connection' | 'keep-alive' | 'other';

export interface FieldName {
  /** As spelled by the upstream. */
  readonly name: string;
  readonly role: FieldRole;
}

/** Undefined if the name is not a token (RFC 9110 §5.6.2). */
export function readFieldName(text: string): FieldName | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (!isToken(text)) return undefined;
  const lower = text.toLowerCase();
  // A copy: a slice would keep the whole response head in memory.
  const name = Buffer.from(text, 'latin1').toString('latin1');
  const read = { name, role: ROLES.get(lower) ?? 'other' } as const;
  if (names.size < MAX_KNOWN && name.length <= MAX_KNOWN_LENGTH) names.set(name, read);
  return read;
}

const ROLES: ReadonlyMap<string, FieldRole> = new Map<string, FieldRole>([
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ['connection', 'connection'],
  // Old servers announce the end of the connection in this field; llhttp reads it too.
  ['proxy-connection', 'connection'],
  ['keep-alive', 'keep-alive'],
]);

/** Upstreams use few spellings, so checked names are cached; both limits bound the memory. */
const names = new Map<string, FieldName>();
const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 64;

function isToken(text: string): boolean {
  return TOKEN.test(text);
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
