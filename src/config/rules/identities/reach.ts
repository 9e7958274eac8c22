import type { DraftIdentity } from '../../model/draft.ts';
import { identitiesOf } from '../../model/expand-workload.ts';
import { servicesOf } from '../../model/services-of.ts';
import type { RuleContext } from '../rule.ts';

/** Warns about entries without effect. Runs only if the schema refused no entry. */
export function checkReach(context: RuleContext): void {
  const { deployTokens, roles, services, issuers } = context.draft;
  const identities = identitiesOf(context.draft);
  if (deployTokens.length === 0) {
    if (issuers.length === 0) context.warn(['issuers'], 'there are none: no token will be accepted');
    if (identities.length === 0)
      context.warn(['identities'], 'there are none: only anonymous requests can be allowed');
  }
  if (services.length === 0) context.warn(['services'], 'there are none: every request will be answered 404');

  const used = new Set(identities.flatMap((identity) => identity.roles));
  for (const role of Object.keys(roles)) {
    if (!used.has(role))
      context.warn(
        ['roles', role],
        'no identity has this role; add it to the roles of an identity, or remove it',
        'key',
      );
  }
  for (const { name, jobTokens } of issuers) {
    const takes = ({ issuer, via }: DraftIdentity): boolean => issuer === name && via.includes('job_token');
    if (jobTokens === undefined || identities.some(takes)) continue;
    context.warn(
      ['issuers', name, 'jobTokens'],
      'no identity of this issuer has job_token in its via',
      'key',
    );
  }
  const byDeployToken = new Set(deployTokens.flatMap(({ grants }) => grants.map(({ service }) => service)));
  for (const service of services) {
    const accepts = (identity: DraftIdentity): boolean =>
      (service.issuers === undefined || service.issuers.includes(identity.issuer)) &&
      servicesOf(identity, roles).has(service.name);
    if (service.anonymous.length > 0 || byDeployToken.has(service.name) || identities.some(accepts)) continue;
    context.warn(
      ['services', service.name],
      'is unreachable: no deploy token and no identity of an accepted issuer has a grant on this service',
      'key',
    );
  }
}
