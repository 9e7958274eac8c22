import { documentedClaims, isDocumentedClaim } from '../../../core/issuers/issuer-claims.ts';
import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { upstreamTemplates } from '../../model/upstream-templates.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { closest } from '../../../util/text/closest.ts';
import type { RuleContext } from '../rule.ts';

/** Warns about claims that tokens of the issuer do not contain according to its documentation. */
export function checkClaimNames(context: RuleContext): void {
  const { identities, issuers, roles, services } = context.draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const typesByRole = new Map<string, Set<IssuerType>>();
  for (const { name, issuer, match, grants, roles: held } of identities) {
    const type = types.get(issuer);
    if (type === undefined) continue;
    for (const claim of Object.keys(match))
      warnUnknown(context, ['identities', name, 'match', claim], claim, [type], 'key');
    checkResources(context, ['identities', name, 'grants'], grants, [type]);
    for (const role of held) typesByRole.set(role, (typesByRole.get(role) ?? new Set()).add(type));
  }
  for (const { roles: held = [] } of context.draft.workloadIdentities) {
    // An entry can use either platform.
    for (const role of held)
      for (const type of ['gitlab', 'github'] as const)
        typesByRole.set(role, (typesByRole.get(role) ?? new Set()).add(type));
  }
  for (const [role, holders] of typesByRole) {
    const grants = Object.hasOwn(roles, role) ? (roles[role] ?? []) : [];
    checkResources(context, ['roles', role], grants, [...holders]);
  }
  for (const service of services) {
    const { name, identityHeaders, issuers: trusted } = service;
    const callers = (trusted ?? [...types.keys()]).flatMap((issuer) => types.get(issuer) ?? []);
    for (const { path, template } of upstreamTemplates(service))
      checkTemplate(context, ['services', name, ...path], template, callers);
    for (const [header, template] of Object.entries(identityHeaders))
      checkTemplate(context, ['services', name, 'identityHeaders', header], template, callers);
  }
}

function checkResources(
  context: RuleContext,
  path: KeyPath,
  grants: readonly { readonly resources: readonly string[] }[],
  types: readonly IssuerType[],
): void {
  for (const [index, { resources }] of grants.entries()) {
    for (const [position, pattern] of resources.entries())
      checkTemplate(context, [...path, index, 'resources', position], pattern, types);
  }
}

function checkTemplate(
  context: RuleContext,
  path: KeyPath,
  template: string,
  types: readonly IssuerType[],
): void {
  if (!template.includes('{claims.')) return;
  for (const [, claim = ''] of template.matchAll(/\{claims\.([^{}]+)\}/g))
    warnUnknown(context, path, claim, types, 'value');
}

/** A claim that tokens of one of the types contain is no mistake. */
function warnUnknown(
  context: RuleContext,
  path: KeyPath,
  claim: string,
  types: readonly IssuerType[],
  place: 'key' | 'value',
): void {
  if (types.length === 0 || types.some((type) => isDocumentedClaim(type, claim))) return;
  const known = [...new Set(types.flatMap((type) => documentedClaims(type) ?? []))];
  const meant = closest(claim, known);
  const named = [...new Set(types)].join(' and ');
  const fix =
    meant === undefined
      ? 'correct the name, unless the issuer is set up to add this claim'
      : `did you mean "${meant}"?`;
  context.warn(path, `"${claim}" is not a documented claim of ${named} tokens; ${fix}`, place);
}
