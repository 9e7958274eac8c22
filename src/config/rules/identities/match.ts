import { plainClaimName } from '../../../core/credentials/claims.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../../core/issuers/issuer-presets.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { partsOf } from '../../model/match-parts.ts';
import type { RuleContext } from '../rule.ts';

/** Reports well-formed conditions that are probably mistakes. */
export function checkMatches(context: RuleContext): void {
  const types = new Map(context.draft.issuers.map(({ name, type }) => [name, type]));
  for (const identity of context.draft.identities) {
    const type = types.get(identity.issuer);
    for (const [claim, condition] of Object.entries(identity.match)) {
      const path = ['identities', identity.name, 'match', claim];
      const { values, contains, globs } = partsOf(condition);
      checkClaimName(context, path, claim, type === 'kubernetes');
      for (const value of [...(values ?? []), ...(contains === undefined ? [] : [contains])]) {
        if (value === '')
          context.error(path, 'an empty value never matches; a claim that is empty counts as missing');
        if (value.includes('*')) {
          context.warn(path, 'the "*" is compared literally; a pattern is written { glob: … }');
        }
      }
      if (values?.length === 0)
        context.error(path, 'equals is not among the values of in: this never matches');
      for (const glob of globs ?? []) checkGlob(context, path, glob);
      if (type !== undefined && values !== undefined && isListOfIds(type, plainClaimName(claim))) {
        context.error(path, 'is a list in the token; write { contains: … }');
      }
    }
  }
}

/** An identity that binds such an id must match: an equality never does. */
function isListOfIds(type: IssuerType, claim: string): boolean {
  const { immutableIds, lists } = ISSUER_PRESETS[type];
  return immutableIds.includes(claim) && lists.includes(claim);
}

function checkClaimName(context: RuleContext, path: KeyPath, claim: string, kubernetes: boolean): void {
  if (claim.startsWith('/') && /~(?![01])/.test(claim)) {
    context.error(
      path,
      'is not a JSON pointer: "~" is written "~0", and "/" inside a name "~1" (RFC 6901)',
      'key',
    );
  }
  if (kubernetes && /^kubernetes\.io./.test(claim)) {
    const message =
      'never matches: claims inside kubernetes.io are JSON pointers, such as /kubernetes.io/namespace';
    context.error(path, message, 'key');
  }
}

function checkGlob(context: RuleContext, path: KeyPath, glob: string): void {
  if (/\*{3}/.test(glob)) context.error(path, '"***" is not a wildcard; write * or **');
  if (/[?[\]{}\\]/.test(glob)) {
    context.warn(path, 'only * and ** are special in a glob; ? [ ] { } \\ stand for themselves');
  }
}
