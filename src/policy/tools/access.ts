import type { AccessEntry, AccessQuery } from '../../core/records/access-entry.ts';
import type { CredentialClass } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type { CompiledGrant } from '../compile/grant.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import { runAtOnce } from '../../util/async/steps.ts';
import { compilePolicy, type CompiledService, type Policy } from '../compile/policy.ts';
import { isUnavailableToJobToken } from '../evaluate/job-token-scopes.ts';
import type { PolicySettings } from '../settings.ts';
import { reachOf } from './reach.ts';

export interface AccessSettings extends PolicySettings {
  readonly services: readonly (PolicySettings['services'][number] & {
    readonly issuers?: readonly string[] | undefined;
  })[];
  readonly deployTokens: readonly (PolicySettings['deployTokens'][number] & {
    readonly username: string;
    readonly expires?: string | undefined;
  })[];
}

/** Lists the grants, anonymous rules and shadow modes that a query selects, in the order of the policy. */
export function listAccess(settings: AccessSettings, query: AccessQuery): readonly AccessEntry[] {
  return listAccessIn(runAtOnce(compilePolicy(settings)), settings, query);
}

/** The same for a policy that was compiled from the settings. */
export function listAccessIn(
  policy: Policy,
  settings: AccessSettings,
  query: AccessQuery,
): readonly AccessEntry[] {
  const services = [...policy.services.values()].filter(
    ({ name }) => query.service === undefined || name === query.service,
  );
  const tokens = new Map(settings.deployTokens.map((token) => [token.name, token]));
  return services.flatMap((service) => {
    const trusted = settings.services.find(({ name }) => name === service.name)?.issuers;
    const identities = policy.identities.filter(
      ({ name, issuer }) =>
        (query.identities?.has(name) ?? true) &&
        (issuer === DEPLOY_TOKENS || (trusted?.includes(issuer) ?? true)),
    );
    return [
      ...identities.flatMap((identity) => ofIdentity(tokens, policy, service, identity, query)),
      ...service.anonymous.flatMap((grant) => entriesOf(grant, service, undefined, query, () => ANONYMOUS)),
      ...shadowOf(service, query),
    ];
  });
}

type Holder = Pick<AccessEntry, 'kind' | 'name' | 'conditions'>;

const ANONYMOUS: Holder = { kind: 'anonymous', name: 'anonymous', conditions: [] };

function ofIdentity(
  tokens: ReadonlyMap<string, AccessSettings['deployTokens'][number]>,
  policy: Policy,
  service: CompiledService,
  identity: CompiledIdentity,
  query: AccessQuery,
): readonly AccessEntry[] {
  // A policy can have thousands of identities and of deploy tokens, most without a grant on the service.
  const grants = identity.grants.filter((grant) => grant.service === service.name);
  if (grants.length === 0) return [];
  const token =
    identity.issuer === DEPLOY_TOKENS ? tokens.get(identity.conditions[0]?.expected[0] ?? '') : undefined;
  const holderOf = (scope: string): Holder | undefined => {
    if (token !== undefined) {
      const { name, username, expires } = token;
      const expiry = expires === undefined ? [] : [`before ${expires} (00:00 UTC)`];
      return { kind: 'deploy_token', name, conditions: [`user name ${username}`, ...expiry] };
    }
    const conditions = conditionsOf(policy, service, identity, scope);
    return conditions && { kind: 'identity', name: identity.name, conditions };
  };
  return grants.flatMap((grant) => entriesOf(grant, service, identity, query, holderOf));
}

function entriesOf(
  grant: CompiledGrant,
  service: CompiledService,
  identity: CompiledIdentity | undefined,
  { resource, scope: wanted }: AccessQuery,
  holderOf: (scope: string) => Holder | undefined,
): readonly AccessEntry[] {
  const scopes = grant.scopes.filter((scope) => wanted === undefined || scope === wanted);
  return scopes.flatMap((scope) => {
    const holder = holderOf(scope);
    if (holder === undefined) return [];
    return grant.resources.flatMap((template): AccessEntry[] => {
      const target = { serviceType: service.type, scope, resource: resource ?? '' };
      const reach = resource === undefined ? NO_TARGET : reachOf(grant, template, identity, target);
      if (reach.kind === 'never') return [];
      return [
        {
          ...holder,
          conditions: [...holder.conditions, ...reach.conditions],
          service: service.name,
          scope,
          resource: template.source,
          rule: ruleOf(grant, service, holder),
        },
      ];
    });
  });
}

const NO_TARGET = { kind: 'reaches', conditions: [] } as const;

function ruleOf(
  { origin, index }: CompiledGrant,
  { name }: CompiledService,
  holder: Holder,
): AccessEntry['rule'] {
  switch (origin.kind) {
    case 'role':
      return ['roles', origin.role, index];
    case 'anonymous':
      return ['services', name, 'anonymous', index];
    case 'identity':
      return [holder.kind === 'deploy_token' ? 'deployTokens' : 'identities', holder.name, 'grants', index];
    default:
      return origin satisfies never;
  }
}

/** Undefined: no credential of the identity can have the scope. */
function conditionsOf(
  { allowlist }: Policy,
  service: CompiledService,
  { issuer, via, conditions, guards, onRequest }: CompiledIdentity,
  scope: string,
): readonly string[] | undefined {
  const jobToken = { class: 'job_token', claims: {} } as Parameters<typeof isUnavailableToJobToken>[1];
  const classes = isUnavailableToJobToken(service.type, jobToken, scope)
    ? via.filter((kind) => kind !== 'job_token')
    : via;
  if (classes.length === 0) return undefined;
  const listed = classes.includes('job_token') && allowlist.evaluate(service.type, jobToken) !== undefined;
  return [
    `issuer ${issuer}`,
    `credential ${classes.join(' or ')}`,
    ...conditions.map(
      ({ claim, operator, expected }) =>
        `${claim} ${operator} ${expected.map((each) => JSON.stringify(each)).join(', ')}`,
    ),
    ...guards.map(({ claim, why }) => `${claim}: ${why}`),
    ...(onRequest ? ['the token request names this workload identity'] : []),
    ...(listed
      ? [`for ${JOB}: the resource is in the project of the job, or jobTokenAllowlist includes that project`]
      : []),
  ];
}

const JOB: CredentialClass = 'job_token';

function shadowOf({ name, mode }: CompiledService, { scope, resource }: AccessQuery): readonly AccessEntry[] {
  if (mode !== 'shadow') return [];
  const conditions = ['a verified credential', 'the service is in shadow mode'];
  return [
    {
      kind: 'shadow',
      name: 'every credential',
      conditions,
      service: name,
      scope: scope ?? '*',
      resource: resource ?? '**',
      rule: ['services', name, 'mode'],
    },
  ];
}
