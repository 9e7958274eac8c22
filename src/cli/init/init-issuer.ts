import type { InitProject } from './init-services.ts';

/** No platform issues these ids. */
export const NO_UUID = '00000000-0000-0000-0000-000000000000';
export const OTHER_UUID = '00000000-0000-0000-0000-000000000001';

/** A condition of `match`, as YAML, with the value that the tests have for its claim. */
export interface InitCondition {
  /** The name of the claim, or a JSON pointer. */
  readonly claim: string;
  readonly value: string;
  /** The claim of the tests, if `value` is no text in quotes. */
  readonly tested?: unknown;
  readonly comment?: string;
  /** `value` is a placeholder; how to get the real one. */
  readonly source?: string;
}

/** An issuer, the identity that publishes and the identity that reads, for the files of `gatehouse init`. */
export interface InitIssuer {
  /** Type and name of the issuer. */
  readonly type: string;
  readonly url: string;
  /** Further lines of the issuer. */
  readonly settings?: readonly string[];
  /** How a job gets its token. */
  readonly request: string;
  readonly project: InitProject;
  /** The callers that publish. */
  readonly subject: string;
  /** The name of these callers: of the identity and in the tests. */
  readonly publishers: string;
  /** A caller of the second identity. */
  readonly reader: string;
  /** Singular of the callers that the ids separate. */
  readonly scope: string;
  readonly publishes: readonly InitCondition[];
  readonly reads: readonly InitCondition[];
  /** Claims of the tests in addition to those of the conditions. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Claims by which the reader differs from a publisher, and a stranger from both: names or JSON pointers. */
  readonly readerClaims: Readonly<Record<string, unknown>>;
  readonly strangerClaims: Readonly<Record<string, unknown>>;
}

type Claims = Readonly<Record<string, unknown>>;

/** The claims of a publisher's token. */
export function publisherClaims({ publishes, reads, claims = {} }: InitIssuer): Claims {
  const tested = [...publishes, ...reads].map(({ claim, value, tested: other }): [string, unknown] => [
    claim,
    other ?? value.replace(/^'(.*)'$/, '$1'),
  ]);
  // The first condition on a claim is the publisher's.
  return [...Object.entries(claims), ...tested.toReversed()].reduce<Claims>(put, {});
}

/** The members in which the claims with these changes differ from the claims of a publisher. */
export function changedClaims(issuer: InitIssuer, changes: Claims): Claims {
  const original = publisherClaims(issuer);
  const changed = Object.entries(changes).reduce<Claims>(put, original);
  return Object.fromEntries(Object.entries(changed).filter(([name, value]) => value !== original[name]));
}

/** Sets a claim by its name or, for a text that starts with `/`, by its JSON pointer (RFC 6901). */
function put(claims: Claims, [name, value]: readonly [string, unknown]): Claims {
  if (!name.startsWith('/')) return { ...claims, [name]: value };
  const [first = '', ...others] = name
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const inner = (claims[first] ?? {}) as Claims;
  return {
    ...claims,
    [first]: others.length === 0 ? value : put(inner, [pointerOf(others), value]),
  };
}

function pointerOf(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
