import type { DraftGrant, DraftService } from '../../model/draft.ts';
import { indexByName } from '../../model/index-by-name.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { scopesOfService, serviceTraits } from '../../model/service-traits.ts';
import { resourcePatternProblem } from '../../model/resource-pattern.ts';
import { checkReference, type RuleContext } from '../rule.ts';
import { hint } from '../../problems/suggest.ts';

/** Checks the grants of roles, identities and deploy tokens, and the anonymous permissions of services. */
export function checkGrants(context: RuleContext): void {
  const { identities, deployTokens, roles, services, delegations } = context.draft;
  for (const [name, grants] of Object.entries(roles)) {
    for (const [index, grant] of grants.entries()) checkGrant(context, grant, ['roles', name, index]);
  }
  for (const { name, grants } of identities) {
    for (const [index, grant] of grants.entries()) {
      checkGrant(context, grant, ['identities', name, 'grants', index]);
    }
  }
  for (const [at, { grants }] of delegations.entries()) {
    for (const [index, grant] of grants.entries()) {
      checkGrant(context, grant, ['delegations', at, 'grants', index]);
    }
  }
  for (const { name, grants } of deployTokens) {
    for (const [index, grant] of grants.entries()) {
      checkGrant(context, grant, ['deployTokens', name, 'grants', index]);
    }
  }
  for (const service of services) {
    for (const [index, permission] of service.anonymous.entries()) {
      checkPermission(context, permission, service, ['services', service.name, 'anonymous', index]);
    }
  }
}

function checkGrant(context: RuleContext, grant: DraftGrant, path: KeyPath): void {
  checkReference(context, [...path, 'service'], 'services', grant.service);
  const service = indexByName(context.draft.services).get(grant.service);
  if (service !== undefined) checkPermission(context, grant, service, path);
}

/** Where callers have no claims that could be inserted. */
const CLAIMLESS: ReadonlyMap<unknown, string> = new Map([
  ['services', 'without a credential there are no claims; put {claims.…} into the resources of a grant'],
  ['deployTokens', 'a deploy token has no claims; write the resource out'],
]);

function checkPermission(
  context: RuleContext,
  { scopes, resources }: Pick<DraftGrant, 'scopes' | 'resources'>,
  service: DraftService,
  path: KeyPath,
): void {
  const known = scopesOfService(service);
  for (const [index, scope] of scopes.entries()) {
    const idle = unusedHandshakes(service, scope);
    if (idle !== undefined) context.warn([...path, 'scopes', index], idle);
    if (idle !== undefined || known.includes(scope)) continue;
    const message = `service "${service.name}" has no scope "${scope}"${hint(scope, known)}`;
    context.error([...path, 'scopes', index], message);
  }
  for (const [index, pattern] of resources.entries()) {
    const problem =
      (pattern.includes('{claims.') ? CLAIMLESS.get(path[0]) : undefined) ??
      resourcePatternProblem(pattern, serviceTraits(service.type).resources);
    if (problem !== undefined) context.error([...path, 'resources', index], problem);
  }
  if (service.type === 'gitlab') checkAdminScope(context, { scopes, resources }, path);
}

/** Endpoints outside the allow list can reach any project, so their scope is granted for all of them or has no effect. */
function checkAdminScope(
  context: RuleContext,
  { scopes, resources }: Pick<DraftGrant, 'scopes' | 'resources'>,
  path: KeyPath,
): void {
  const index = scopes.indexOf('admin_api');
  if (index === -1) return;
  const place = [...path, 'scopes', index];
  if (path[0] === 'services') {
    context.error(place, 'admin_api cannot be granted without a credential');
  } else if (!resources.includes('**')) {
    const message =
      'admin_api has no effect on these resources: endpoints outside the list can reach any project; grant it on "**"';
    context.warn(place, message);
  }
}

/** Why the scope has no effect on this service, if it is the scope for WebSocket handshakes. */
export function unusedHandshakes(service: DraftService, scope: string): string | undefined {
  if (scope !== HANDSHAKES || service.type !== 'http') return undefined;
  if (service.webSockets === false) return `has no effect: service "${service.name}" sets webSockets: false`;
  const unused = service.operations?.every(({ scope }) => scope !== HANDSHAKES) === true;
  return unused
    ? `has no effect: service "${service.name}" has operations; grant the scope of one with webSocket: true`
    : undefined;
}

const HANDSHAKES = 'websocket';
