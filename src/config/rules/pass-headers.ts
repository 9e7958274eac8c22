import { ACTING_HEADERS } from '../../core/headers/acting-headers.ts';
import { IMPERSONATION_HEADERS, TRUSTED_USER_HEADERS } from '../../core/headers/identity-headers.ts';
import { foldLoosely } from '../../util/http/header-name.ts';
import { compileHeaderNames } from '../../util/http/header-names.ts';
import type { DraftService } from '../model/draft.ts';
import { credentialHeadersOf } from '../model/vault-fields.ts';
import type { RuleContext } from './rule.ts';
import { hint } from '../problems/suggest.ts';

/** `passHeaders` can name the headers of ACTING_HEADERS and no others: never credentials, identity or framing. */
export function checkPassHeaders(context: RuleContext): void {
  for (const service of context.draft.services) {
    const set = new Set(headersSet(service).map(foldLoosely));
    const seen = new Set<string>();
    for (const [index, name] of service.passHeaders.entries()) {
      const folded = foldLoosely(name);
      const problem = seen.has(folded)
        ? 'is given twice'
        : set.has(folded)
          ? 'is a header that the gateway sets for this service'
          : nameProblem(name, folded);
      if (problem !== undefined) context.error(['services', service.name, 'passHeaders', index], problem);
      seen.add(folded);
    }
  }
}

function nameProblem(name: string, folded: string): string | undefined {
  if (!NAME.test(name)) return 'is not a header name (RFC 9110 §5.6.2), or a pattern: name each header';
  switch (kindOf(folded)) {
    case 'acting':
      return undefined;
    case 'identity':
      return 'is never forwarded: it tells the upstream who is calling; identityHeaders can set it';
    case undefined:
      return `is not a header that passHeaders can name${hint(name, NAMES)}`;
  }
}

function headersSet(service: DraftService): readonly string[] {
  return [...Object.keys(service.identityHeaders), ...credentialHeadersOf(service)];
}

const kindOf = compileHeaderNames<'acting' | 'identity'>([
  ...ACTING_HEADERS.map(({ names }) => [names, 'acting'] as const),
  ...[...IMPERSONATION_HEADERS, ...TRUSTED_USER_HEADERS].map(({ names }) => [names, 'identity'] as const),
]);

/** RFC 9110 §5.6.2, without the `*` of a pattern. */
const NAME = /^[A-Za-z0-9!#$%&'+\-.^_`|~]+$/;

const NAMES = ACTING_HEADERS.flatMap(({ names }) => names);
