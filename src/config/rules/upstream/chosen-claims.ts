import { plainClaimName } from '../../../core/credentials/claims.ts';
import { isChosenByJob, protectionOf } from '../../../core/issuers/issuer-claims.ts';
import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { upstreamTemplates, type UpstreamTemplate } from '../../model/upstream-templates.ts';
import type { DraftIdentity, DraftService } from '../../model/draft.ts';
import { identitiesOf } from '../../model/expand-workload.ts';
import { conditionsOn, listsValues } from '../../model/match-parts.ts';
import { servicesOf } from '../../model/services-of.ts';
import type { RuleContext } from '../rule.ts';

const PLACEHOLDER = /\{(?:claims\.([^{}]+)|subject)\}/g;

/** Warns about upstream credentials that a job selects by a value of its choice, such as the name of its branch. */
export function checkChosenClaims(context: RuleContext): void {
  const { issuers, roles, services } = context.draft;
  const types = new Map(issuers.map(({ name, type }) => [name, type]));
  const identities = identitiesOf(context.draft);
  for (const service of services) {
    const templates = upstreamTemplates(service).filter(({ template }) => template.includes('{'));
    if (templates.length === 0) continue;
    const callers = identities.filter(
      (identity) =>
        (service.issuers?.includes(identity.issuer) ?? true) && servicesOf(identity, roles).has(service.name),
    );
    for (const template of templates) {
      const users = callers.filter(({ name }) => uses(name, template, service));
      checkTemplate(context, service.name, template, users, types);
    }
  }
}

/** Whether requests of the identity get the credential of the template. */
function uses(identity: string, { entry }: UpstreamTemplate, { upstream }: DraftService): boolean {
  if (entry === undefined || entry === identity) return true;
  return entry === 'default' && !Object.hasOwn(upstream?.auth?.perIdentity ?? {}, identity);
}

function checkTemplate(
  context: RuleContext,
  service: string,
  { path, template }: UpstreamTemplate,
  users: readonly DraftIdentity[],
  types: ReadonlyMap<string, IssuerType>,
): void {
  for (const [placeholder, claim] of placeholdersIn(template)) {
    const choosing = users.filter((identity) => {
      const type = types.get(identity.issuer);
      return type !== undefined && isChosenByJob(type, claim) && !isBound(identity, claim, type);
    });
    const [first] = choosing;
    if (first === undefined) continue;
    const protections = choosing.map(({ issuer }) => protectionOf(types.get(issuer) ?? 'oidc', claim));
    const message = `the jobs of ${named(choosing)} can choose the value of ${placeholder}, and so the credential of the upstream; ${remedy(claim, protections)}`;
    context.warn(['services', service, ...path], message);
  }
}

/** Each placeholder with its claim. */
function placeholdersIn(template: string): ReadonlyMap<string, string> {
  return new Map(
    [...template.matchAll(PLACEHOLDER)].map(([text, name = 'sub']) => [text, plainClaimName(name)]),
  );
}

function remedy(claim: string, protections: readonly (string | undefined)[]): string {
  const [protection] = protections;
  const bound = `list the values of ${claim} in match with equals or in`;
  const others = protections.every((each) => each === protection) ? protection : undefined;
  return others === undefined
    ? `${bound}, or use {identity} or an id`
    : `${bound}, require ${others}: "true", or use {identity} or an id`;
}

/** The conditions leave only values that the author of the policy or the owner of the project listed. */
function isBound({ match }: DraftIdentity, claim: string, type: IssuerType): boolean {
  if (listsValues(match, claim)) return true;
  const protection = protectionOf(type, claim);
  return (
    protection !== undefined &&
    conditionsOn(match, protection).some(
      ({ parts: { values } }) => values !== undefined && values.every((value) => value === 'true'),
    )
  );
}

const MAX_NAMES = 5;

function named(identities: readonly DraftIdentity[]): string {
  const names = identities.slice(0, MAX_NAMES).map(({ name }) => `"${name}"`);
  const more = identities.length - names.length;
  return names.join(', ') + (more === 0 ? '' : ` and ${more} more identities`);
}
