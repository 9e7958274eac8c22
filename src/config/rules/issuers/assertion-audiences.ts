import { ASSERTION_TYPE } from '../../../core/credentials/assertion.ts';
import { serviceAudience } from '../../../core/credentials/minted-token.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';

/**
 * Upstreams of another gateway receive assertions as `X-Auth-Assertion`, with the audience of their service. An issuer that
 * accepts assertions must not accept this audience, or each of these upstreams could act as the callers.
 */
export function checkAssertionAudiences(context: RuleContext): void {
  const { issuers, services, workloadIdentities } = context.draft;
  const asserting = new Set(
    issuers.flatMap(({ name, tokenTypes }) => (tokenTypes?.includes(ASSERTION_TYPE) ? [name] : [])),
  );
  if (asserting.size === 0) return;
  for (const { name, audiences } of issuers)
    if (asserting.has(name)) checkList(context, ['issuers', name, 'audiences'], audiences);
  for (const service of services) {
    const { name, audiences, issuers: trusted } = service;
    if (trusted?.some((issuer) => asserting.has(issuer)) === false) continue;
    checkList(context, ['services', name, 'audiences'], audiences);
    const publishing = 'trustedPublishing' in service ? service.trustedPublishing : undefined;
    if (publishing !== undefined)
      checkAudience(context, ['services', name, 'trustedPublishing', 'audience'], publishing.audience);
  }
  for (const { name, audiences } of workloadIdentities)
    checkList(context, ['workloadIdentities', name, 'audiences'], audiences);
}

function checkList(context: RuleContext, path: KeyPath, audiences: readonly string[] | undefined): void {
  for (const [index, audience] of (audiences ?? []).entries())
    checkAudience(context, [...path, index], audience);
}

function checkAudience(context: RuleContext, path: KeyPath, audience: string): void {
  if (!audience.startsWith(serviceAudience(''))) return;
  const message = `is the audience of assertions that upstreams receive; with tokenTypes: [${ASSERTION_TYPE}], use the token endpoint of this gateway`;
  context.error(path, message);
}
