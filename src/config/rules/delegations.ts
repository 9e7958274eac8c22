import { partsOf } from '../model/match-parts.ts';
import { checkReference, type RuleContext } from './rule.ts';

/** Checks the bounds of delegations; the files are checked against them when they are loaded. */
export function checkDelegations(context: RuleContext): void {
  for (const [index, { issuers, roles, match }] of context.draft.delegations.entries()) {
    const path = ['delegations', index];
    for (const [position, issuer] of issuers.entries())
      checkReference(context, [...path, 'issuers', position], 'issuers', issuer);
    for (const [position, role] of roles.entries())
      checkReference(context, [...path, 'roles', position], 'roles', role);
    const conditions = Object.entries(match);
    if (conditions.length === 0) {
      const message = 'is empty, so that the files could match every token; name at least one claim';
      context.error([...path, 'match'], message, 'key');
    }
    for (const [claim, condition] of conditions) {
      const { values, globs = [] } = partsOf(condition);
      const place = [...path, 'match', claim];
      if (values?.length === 0 || values?.includes('') === true)
        context.error(place, 'never matches; write the value of the claim');
      if (globs.some((glob) => glob.includes('***')))
        context.error(place, '"***" is not a wildcard; write * or **');
    }
  }
}
