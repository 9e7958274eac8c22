import { LIVENESS, LIVENESS_TYPES, isLivenessType } from '../../../core/issuers/liveness.ts';
import type { DraftIssuer } from '../../model/draft.ts';
import type { RuleContext } from '../rule.ts';
import { apiUrlProblem } from './api-url.ts';

const LONG_CACHE = 5 * 60_000;

export function checkLiveness(context: RuleContext): void {
  for (const issuer of context.draft.issuers) checkIssuer(context, issuer);
}

function checkIssuer(context: RuleContext, { name, type, issuer, liveness }: DraftIssuer): void {
  if (liveness === undefined) return;
  const path = ['issuers', name, 'liveness'];
  if (!isLivenessType(type)) {
    const types = LIVENESS_TYPES.join(', ');
    context.error(path, `is for issuers of the types ${types}; this one is of type ${type}`, 'key');
    return;
  }
  const { apiUrl, cache } = liveness;
  if (apiUrl === undefined && LIVENESS[type].apiUrl(issuer) === undefined) {
    context.error(path, `needs apiUrl: the URL of the API does not follow from ${issuer}`, 'key');
  }
  const problem =
    apiUrl === undefined ? undefined : apiUrlProblem(type, apiUrl, context.draft.server.publicUrl);
  if (problem !== undefined) context.error([...path, 'apiUrl'], problem);
  if (cache > LONG_CACHE) {
    context.warn([...path, 'cache'], 'the token of a finished job is accepted for that long');
  }
}
