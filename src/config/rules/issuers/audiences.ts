import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';

/** Warns about audiences that another recipient of tokens is likely to use too. */
export function checkAudiences(context: RuleContext): void {
  const { issuers, services, workloadIdentities } = context.draft;
  for (const { name, type, audiences } of issuers) {
    // Entra's audience is the client id of an app registration.
    if (type !== 'entra') checkList(context, ['issuers', name, 'audiences'], audiences);
  }
  const entra = new Set(issuers.flatMap(({ name, type }) => (type === 'entra' ? [name] : [])));
  for (const { name, audiences, issuers: trusted } of services) {
    const callers = trusted ?? issuers.map((issuer) => issuer.name);
    if (callers.some((issuer) => entra.has(issuer))) continue;
    checkList(context, ['services', name, 'audiences'], audiences);
  }
  for (const { name, audiences } of workloadIdentities)
    checkList(context, ['workloadIdentities', name, 'audiences'], audiences);
}

function checkList(context: RuleContext, path: KeyPath, audiences: readonly string[] | undefined): void {
  for (const [index, audience] of (audiences ?? []).entries()) {
    if (/^[a-z][a-z0-9+.-]*:\/\/./i.test(audience) || /^urn:./i.test(audience)) continue;
    const message =
      'is not a URL: a short name can be the audience of another service too; use the URL of the gateway, in the jobs as well';
    context.warn([...path, index], message);
  }
}
