import { ACTING_HEADERS } from '../core/headers/acting-headers.ts';
import { IMPERSONATION_HEADERS } from '../core/headers/identity-headers.ts';
import type { RefusableHeader } from '../core/request/request-head.ts';
import { foldLoosely } from '../util/http/header-name.ts';
import { compileHeaderNames } from '../util/http/header-names.ts';
import { cacheByName } from '../util/http/name-cache.ts';

export type FramingHeader =
  | 'host'
  | 'content-length'
  | 'content-type'
  | 'content-encoding'
  | 'transfer-encoding'
  | 'connection'
  | 'expect'
  | 'upgrade';

/** A name that some servers treat as the one with `-`; others ignore the header. */
export interface OtherSpelling {
  readonly kind: 'other-spelling';
  readonly of: FramingHeader;
}

/** A framing or body header by its loosely folded name, a header that most services refuse, or neither. */
export type HeaderRole = FramingHeader | OtherSpelling | RefusableHeader | 'other';

function findRole(name: string): HeaderRole {
  const loose = foldLoosely(name);
  const framing = FRAMING.find((each) => each === loose);
  if (framing !== undefined)
    return OTHER_SPELLING.test(name) ? { kind: 'other-spelling', of: framing } : framing;
  const kind = kindOf(loose);
  return kind === undefined ? 'other' : { kind, folded: loose, name: name.slice(0, MAX_SHOWN) };
}

const OTHER_SPELLING = /[^A-Za-z0-9-]/;

const FRAMING: readonly FramingHeader[] = [
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
];

const kindOf = compileHeaderNames<RefusableHeader['kind']>([
  ...IMPERSONATION_HEADERS.map(({ names }) => [names, 'impersonation'] as const),
  ...ACTING_HEADERS.filter(({ effect }) => effect === 'refuse').map(
    ({ names }) => [names, 'acting'] as const,
  ),
]);

/** Characters of a name in a message. */
const MAX_SHOWN = 64;

export const roleOf: (name: string) => HeaderRole = cacheByName(findRole, 2_000);
