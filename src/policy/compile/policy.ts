import { DEPLOY_TOKENS, deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import { GatehouseError } from '../../core/errors.ts';
import { compileGrant } from './grant.ts';
import type { CompiledGrant, GrantOrigin } from './grant.ts';
import { compileIdentity } from './identity.ts';
import type { CompiledIdentity } from './identity.ts';
import { compileAllowlist, type JobTokenAllowlist } from './job-token-allowlist.ts';
import type { GrantSettings, IdentitySettings, PolicySettings, PolicyServiceSettings } from '../settings.ts';

/** The configuration's policy, compiled once; immutable. */
export interface Policy {
  readonly identities: readonly CompiledIdentity[];
  readonly services: ReadonlyMap<string, CompiledService>;
  readonly allowlist: JobTokenAllowlist;
}

export interface CompiledService {
  readonly name: string;
  readonly type: string;
  readonly mode: PolicyServiceSettings['mode'];
  readonly anonymous: readonly CompiledGrant[];
}

/** The loader has checked all names; one that is unknown here would silently grant less, or more, than was meant. */
export function compilePolicy(settings: PolicySettings): Policy {
  const issuers = new Map(settings.issuers.map(({ name, type }) => [name, type]));
  const services = new Map(settings.services.map((service) => [service.name, service]));
  const compileGrants = (grants: readonly GrantSettings[], origin: GrantOrigin): CompiledGrant[] =>
    grants.map((grant) => compileGrant(grant, known(services, grant.service, 'service'), origin));
  const roles = new Map(
    Object.entries(settings.roles).map(([role, grants]) => [
      role,
      compileGrants(grants, { kind: 'role', role }),
    ]),
  );

  return {
    identities: [
      ...settings.identities.map((identity) =>
        compileIdentity(identity, known(issuers, identity.issuer, 'issuer'), [
          ...identity.roles.flatMap((role) => known(roles, role, 'role')),
          ...compileGrants(identity.grants, { kind: 'identity' }),
        ]),
      ),
      ...settings.deployTokens.map(({ name, grants }) =>
        compileIdentity(deployTokenAsIdentity(name), 'oidc', compileGrants(grants, { kind: 'identity' })),
      ),
    ],
    allowlist: compileAllowlist(settings.jobTokenAllowlist),
    services: new Map(settings.services.map((service) => [service.name, compileService(service)])),
  };
}

/** Its one claim names it, so that it is found, matched and explained as any identity is. */
function deployTokenAsIdentity(name: string): IdentitySettings {
  return {
    name: deployTokenIdentity(name),
    issuer: DEPLOY_TOKENS,
    via: ['deploy_token'],
    match: { deploy_token: name },
    roles: [],
    grants: [],
  };
}

function compileService(service: PolicyServiceSettings): CompiledService {
  return {
    name: service.name,
    type: service.type,
    mode: service.mode,
    anonymous: service.anonymous.map((grant) => compileGrant(grant, service, { kind: 'anonymous' })),
  };
}

export function known<V>(map: ReadonlyMap<string, V>, name: string, what: string): V {
  const value = map.get(name);
  if (value === undefined) throw new GatehouseError('config_invalid', `there is no ${what} "${name}"`);
  return value;
}
