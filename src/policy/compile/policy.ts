import { DEPLOY_TOKENS, deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import { GatehouseError } from '../../core/errors.ts';
import { inSteps, type Steps } from '../../util/async/steps.ts';
import { compileGrant } from './grant.ts';
import type { CompiledGrant, GrantOrigin } from './grant.ts';
import { compileIdentity } from './identity.ts';
import type { CompiledIdentity } from './identity.ts';
import { compileAllowlist, type JobTokenAllowlist } from './job-token-allowlist.ts';
import type { GrantSettings, IdentitySettings, PolicySettings, PolicyServiceSettings } from '../settings.ts';

/** The compiled policy of one configuration. Immutable. */
export interface Policy {
  readonly identities: readonly CompiledIdentity[];
  readonly services: ReadonlyMap<string, CompiledService>;
  readonly allowlist: JobTokenAllowlist;
}

/** The policy of one service. */
export interface CompiledService {
  readonly name: string;
  readonly type: string;
  readonly mode: PolicyServiceSettings['mode'];
  readonly anonymous: readonly CompiledGrant[];
}

/**
 * Compiles the policy. Throws `config_invalid` for an unknown name: the loader has checked all names, and
 * ignoring one here would change the grants.
 */
export function* compilePolicy(settings: PolicySettings): Steps<Policy> {
  const issuers = new Map(settings.issuers.map(({ name, type }) => [name, type]));
  const services = new Map(settings.services.map((service) => [service.name, service]));
  const compileGrants = (grants: readonly GrantSettings[], origin: GrantOrigin): CompiledGrant[] =>
    grants.map((grant, index) =>
      compileGrant(grant, configured(services, grant.service, 'service'), origin, index),
    );
  const checkServices = (grants: readonly GrantSettings[]): void => {
    for (const { service } of grants) configured(services, service, 'service');
  };
  const roles = new Map(
    Object.entries(settings.roles).map(([role, grants]) => [
      role,
      compileGrants(grants, { kind: 'role', role }),
    ]),
  );

  const grantsOf = (identity: IdentitySettings): CompiledGrant[] => [
    ...identity.roles.flatMap((role) => configured(roles, role, 'role')),
    ...compileGrants(identity.grants, { kind: 'identity' }),
  ];

  const identities: CompiledIdentity[] = [];
  yield* inSteps(settings.identities, (identity) => {
    for (const role of identity.roles) configured(roles, role, 'role');
    checkServices(identity.grants);
    const type = configured(issuers, identity.issuer, 'issuer');
    identities.push(compileIdentity(identity, type, grantsOf));
  });
  yield* inSteps(settings.deployTokens, (token) => {
    checkServices(token.grants);
    identities.push(compileIdentity(deployTokenAsIdentity(token), 'oidc', grantsOf));
  });
  return {
    identities,
    allowlist: compileAllowlist(settings.jobTokenAllowlist),
    services: new Map(settings.services.map((service) => [service.name, compileService(service)])),
  };
}

/** Compiles a deploy token to an identity that matches the claim `deploy_token`. */
function deployTokenAsIdentity({ name, grants }: PolicySettings['deployTokens'][number]): IdentitySettings {
  return {
    name: deployTokenIdentity(name),
    issuer: DEPLOY_TOKENS,
    via: DEPLOY_TOKEN_CLASS,
    match: { deploy_token: name },
    roles: NO_ROLES,
    grants,
  };
}

/** Shared by all deploy tokens. */
const DEPLOY_TOKEN_CLASS = ['deploy_token'] as const;
const NO_ROLES: readonly string[] = [];

function compileService(service: PolicyServiceSettings): CompiledService {
  return {
    name: service.name,
    type: service.type,
    mode: service.mode,
    anonymous: service.anonymous.map((grant, index) =>
      compileGrant(grant, service, { kind: 'anonymous' }, index),
    ),
  };
}

/** Returns the value of a configured name. Throws `config_invalid` if there is none. */
export function configured<V>(map: ReadonlyMap<string, V>, name: string, what: string): V {
  const value = map.get(name);
  if (value === undefined) throw new GatehouseError('config_invalid', `there is no ${what} "${name}"`);
  return value;
}
