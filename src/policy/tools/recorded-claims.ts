import type { Claims, CredentialClass } from '../../core/credentials/credential.ts';

/** More members than a claim of a policy names. */
const MAX_DEPTH = 32;

/** Whether the names of the claims can be expanded; the lines of a log are not trusted. */
export function hasUsableNames(claims: Claims): boolean {
  return Object.keys(claims).every(
    (name) =>
      name !== '__proto__' &&
      (!name.startsWith('/') || name.split('/', MAX_DEPTH + 2).length <= MAX_DEPTH + 1),
  );
}

/** Events name a claim as the policy does: `/kubernetes.io/namespace` is the member of an object. */
export function expandPointers(claims: Claims): Claims {
  if (!Object.keys(claims).some((name) => name.startsWith('/'))) return claims;
  const expanded = new Map<string, unknown>();
  for (const [name, value] of Object.entries(claims)) {
    if (name.startsWith('/')) placeAt(expanded, name.slice(1).split('/').map(unescapePart), value);
    else expanded.set(name, value);
  }
  return toObject(expanded);
}

/** RFC 6901 §4. */
function unescapePart(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function placeAt(
  members: Map<string, unknown>,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) return void members.set(name, value);
  const known = members.get(name);
  const inner = known instanceof Map ? (known as Map<string, unknown>) : new Map<string, unknown>();
  members.set(name, inner);
  placeAt(inner, rest, value);
}

function toObject(members: ReadonlyMap<string, unknown>): Claims {
  return Object.fromEntries(
    [...members].map(([name, value]) => [name, value instanceof Map ? toObject(value) : value]),
  );
}

/** The subject of an ID token is its claim `sub`, which events contain even if the policy does not refer to it. */
export function withSubject(claims: Claims, kind: CredentialClass, { id }: Claims): Claims {
  const isKnown = kind === 'id_token' && typeof id === 'string' && !id.endsWith('…');
  return isKnown ? { sub: id, ...claims } : claims;
}
