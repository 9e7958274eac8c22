import type { ComparedSettings } from '../../../src/policy/tools/diff/access-difference.ts';
import type { Choices } from './random.ts';

type Identity = ComparedSettings['identities'][number];
type Grant = Identity['grants'][number];
type Condition = Identity['match'][string];
type Writable<T> = T extends readonly (infer U)[]
  ? Writable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T;
type Draft = Writable<ComparedSettings>;

/** Values that conditions, patterns, credentials and requests are made of, so that they meet often. */
export const PROJECTS = ['acme/api', 'acme/web', 'evil/api', 'acme/sub/lib'] as const;
export const IDS = ['20', '21', '99', '30'] as const;
export const REFS = ['main', 'dev', 'release/1', 'release/1/x'] as const;
export const EVENTS = ['push', 'pull_request_target', 'workflow_run'] as const;
export const GROUPS = [['ops'], ['dev', 'ops'], ['dev']] as const;
export const AUDIENCES = ['gw', 'registry', 'other'] as const;

const SCOPES = {
  registry: ['read_registry', 'write_registry'],
  api: ['read_api', 'write_api'],
  gitlab: ['read_repository', 'write_repository', 'read_api'],
} as const;

const PATTERNS = {
  registry: [
    '**',
    'acme/**',
    'acme/*',
    'acme/api',
    'acme/api/**',
    'evil/**',
    '{claims.project_path}',
    '{claims.project_path}/**',
    'by-ref/{claims.ref}',
    '*/api',
  ],
  api: ['**', '/v1/**', '/v1/*', '/v1/list', '/p/{claims.project_id}/**', '/p/20/**', '/p/*/x'],
  gitlab: ['**', 'acme/**', 'acme/api', 'id:20', 'id:{claims.project_id}', '{claims.project_path}', 'id:*'],
} as const;

export const RESOURCES = {
  registry: [
    'acme/api',
    'acme/api/x',
    'acme/web',
    'acme/sub/lib',
    'evil/api',
    'evil/api/y',
    'by-ref/main',
    'x',
  ],
  api: ['/v1/list', '/v1/a/b', '/v2', '/p/20/x', '/p/21/x', '/p/20/x/y', '/'],
  gitlab: ['acme/api', 'id:20', 'id:99', 'evil/api', 'acme/sub/lib', 'id:21'],
} as const;

export type ServiceName = keyof typeof SCOPES;
export const SERVICE_NAMES = ['registry', 'api', 'gitlab'] as const;

export function scopesOf(service: ServiceName): readonly string[] {
  return SCOPES[service];
}

export function randomPolicy(choices: Choices): Draft {
  const identities = Array.from({ length: 2 + choices.below(5) }, (_, at) =>
    randomIdentity(choices, `i${at}`),
  );
  return {
    issuers: [
      { name: 'lab', type: 'gitlab', issuer: 'https://lab.test', audiences: ['gw'], jobTokens: {} },
      { name: 'hub', type: 'github', issuer: 'https://hub.test', audiences: ['gw'] },
    ],
    identities,
    roles: { reader: [randomGrant(choices)], writer: [randomGrant(choices), randomGrant(choices)] },
    services: [
      { name: 'registry', type: 'oci', anonymous: randomAnonymous(choices, 'registry'), mode: 'enforce' },
      { name: 'api', type: 'http', anonymous: randomAnonymous(choices, 'api'), mode: 'enforce' },
      { name: 'gitlab', type: 'gitlab', anonymous: [], mode: 'enforce' },
    ],
    deployTokens: ['edge', 'cache'].map((name) => ({
      name,
      username: name,
      secretHash: `sha256:${'a'.repeat(64)}`,
      expires: '2030-01-01',
      grants: [constantGrant(choices)],
    })),
    jobTokenAllowlist: { 'acme/api': ['acme/**'], acme: ['acme/web', 'id:99'] },
    workloadIdentities: identities
      .filter(() => choices.chance(0.3))
      .map(({ name }) => ({ name: `${name}@x`, identity: name, audiences: ['gw'] })),
  };
}

/** The policy with a few random changes. */
export function mutatePolicy(original: Draft, choices: Choices): Draft {
  const policy = structuredClone(original);
  const count = 1 + choices.below(4);
  for (let at = 0; at < count; at += 1) choices.of(MUTATIONS)(policy, choices);
  dropUnknownServices(policy);
  return policy;
}

/** A grant can only name a service that exists. */
function dropUnknownServices(policy: Draft): void {
  const known = new Set(policy.services.map(({ name }) => name));
  const keep = (grants: Grant[]): Grant[] => grants.filter((grant) => known.has(grant.service));
  for (const holder of [...policy.identities, ...policy.deployTokens])
    holder.grants = keep(holder.grants) as typeof holder.grants;
  for (const [role, grants] of Object.entries(policy.roles))
    policy.roles[role] = keep(grants) as typeof grants;
}

type Mutation = (policy: Draft, choices: Choices) => void;

const onIdentity =
  (change: (identity: Writable<Identity>, choices: Choices, policy: Draft) => void): Mutation =>
  (policy, choices) => {
    if (policy.identities.length > 0) change(choices.of(policy.identities), choices, policy);
  };

const ofGrants: Mutation = (policy, choices) => {
  const grants = choices.of([
    ...policy.identities.map((identity) => identity.grants),
    ...Object.values(policy.roles),
  ]);
  const at = choices.below(grants.length + 1);
  if (choices.chance(0.3)) grants.splice(at, 1);
  else grants.splice(at, choices.chance(0.5) ? 1 : 0, randomGrant(choices));
};

const ofConditions = onIdentity((identity, choices) => {
  const names = Object.keys(identity.match);
  if (choices.chance(0.3) && names.length > 0) delete identity.match[choices.of(names)];
  else Object.assign(identity.match, randomMatch(choices, identity.issuer));
});

const ofWorkloads: Mutation = (policy, choices) => {
  policy.workloadIdentities = policy.identities
    .filter(() => choices.chance(0.4))
    .map(({ name }) => ({ name: `${name}@x`, identity: name, audiences: ['gw'] }));
};

const ofJobProjects = onIdentity((identity, choices) => {
  if (identity.issuer !== 'lab') return;
  if (choices.chance(0.3)) delete identity.match['job_project_id'];
  else identity.match['job_project_id'] = choices.chance(0.5) ? choices.of(IDS) : { glob: '*' };
});

const MUTATIONS: readonly Mutation[] = [
  ofWorkloads,
  ofWorkloads,
  ofJobProjects,
  ofGrants,
  ofGrants,
  ofGrants,
  ofConditions,
  ofConditions,
  ofConditions,
  onIdentity((identity, choices) => (identity.via = randomVia(choices, identity.issuer))),
  onIdentity((identity, choices) => (identity.roles = randomRoles(choices))),
  onIdentity((identity) => (identity.onRequest = identity.onRequest !== true)),
  onIdentity((identity, choices, policy) => {
    policy.identities = policy.identities.filter((each) => each !== identity);
    if (choices.chance(0.6))
      policy.identities.splice(choices.below(policy.identities.length + 1), 0, identity);
  }),
  (policy, choices) =>
    policy.identities.splice(choices.below(policy.identities.length + 1), 0, randomIdentity(choices, 'new')),
  (policy, choices) => {
    const service = choices.of(policy.services);
    if (service.name !== 'gitlab') service.anonymous = randomAnonymous(choices, service.name as ServiceName);
  },
  (policy, choices) => {
    const service = choices.of(policy.services);
    const kind = choices.below(5);
    if (kind === 0) service.mode = service.mode === 'shadow' ? 'enforce' : 'shadow';
    else if (kind === 1) service.issuers = choices.chance(0.5) ? ['lab'] : ['hub'];
    else if (kind === 2) service.audiences = [choices.of(AUDIENCES)];
    else if (kind === 3) delete service.issuers;
    else policy.services = policy.services.filter((each) => each !== service || service.name === 'api');
  },
  (policy, choices) => {
    const issuer = choices.of(policy.issuers);
    if (choices.chance(0.5)) issuer.audiences = [choices.of(AUDIENCES), choices.of(AUDIENCES)];
    else if (issuer.jobTokens === undefined) issuer.jobTokens = {};
    else delete issuer.jobTokens;
  },
  (policy, choices) => {
    const token = choices.of(policy.deployTokens);
    const kind = choices.below(3);
    if (kind === 0) token.secretHash = `sha256:${choices.of(['a', 'b']).repeat(64)}`;
    else if (kind === 1) token.expires = choices.of(['2030-01-01', '2029-01-01', '2031-01-01']);
    else token.grants = [constantGrant(choices)] as typeof token.grants;
  },
  (policy, choices) => {
    const target = choices.of([...PROJECTS, 'acme', 'evil']);
    if (choices.chance(0.3)) delete policy.jobTokenAllowlist[target];
    else
      policy.jobTokenAllowlist[target] = [
        choices.of(['acme/**', '**', 'id:20', 'id:21', 'evil/*', 'acme/web']),
      ];
  },
];

function randomIdentity(choices: Choices, name: string): Writable<Identity> {
  const issuer = choices.chance(0.7) ? 'lab' : 'hub';
  const grants = Array.from({ length: choices.below(3) + 1 }, () => randomGrant(choices));
  const via = randomVia(choices, issuer);
  return {
    name,
    issuer,
    via,
    match: randomMatch(choices, issuer),
    roles: randomRoles(choices),
    grants,
  };
}

function randomVia(choices: Choices, issuer: string): Writable<Identity>['via'] {
  if (issuer === 'hub') return ['id_token'];
  return [...choices.of([['id_token'], ['job_token'], ['id_token', 'job_token']] as const)];
}

function randomRoles(choices: Choices): string[] {
  return [...choices.of([[], [], ['reader'], ['writer'], ['reader', 'writer']] as const)];
}

function randomMatch(choices: Choices, issuer: string): Record<string, Writable<Condition>> {
  const match: Record<string, Writable<Condition>> = {};
  const add = (claim: string, values: readonly string[], globs: readonly string[]): void => {
    match[choices.chance(0.1) ? `/${claim}` : claim] = randomCondition(choices, values, globs);
  };
  const path = issuer === 'hub' ? 'repository' : 'project_path';
  if (choices.chance(0.5)) add('project_id', IDS, ['2*', '*']);
  if (choices.chance(0.4)) add(path, PROJECTS, ['acme/*', 'acme/**', '**', '*/api']);
  if (choices.chance(0.5)) add('ref', REFS, ['release/*', 'release/**', '**', 'm*']);
  if (choices.chance(0.15)) match['groups'] = { contains: choices.of(['ops', 'dev']) };
  if (issuer === 'hub' && choices.chance(0.3)) add('event_name', EVENTS, ['p*']);
  if (issuer === 'lab' && choices.chance(0.15)) add('job_project_id', IDS, ['2*']);
  return match;
}

function randomCondition(
  choices: Choices,
  values: readonly string[],
  globs: readonly string[],
): Writable<Condition> {
  switch (choices.below(6)) {
    case 0:
      return { notIn: [choices.of(values)] };
    case 1:
      return { glob: choices.of(globs) };
    case 2:
      return { in: [choices.of(values), choices.of(values)] };
    case 3:
      return { glob: [choices.of(globs)], notIn: [choices.of(values)] };
    default:
      return choices.of(values);
  }
}

function randomGrant(choices: Choices): Writable<Grant> {
  const service = choices.of(SERVICE_NAMES);
  const scopes = SCOPES[service].filter(() => choices.chance(0.6));
  const resources = Array.from({ length: 1 + choices.below(2) }, () => choices.of<string>(PATTERNS[service]));
  return { service, scopes: scopes.length === 0 ? [SCOPES[service][0]] : [...scopes], resources };
}

function constantGrant(choices: Choices): Writable<Grant> {
  for (;;) {
    const grant = randomGrant(choices);
    if (!grant.resources.some((pattern) => pattern.includes('{'))) return grant;
  }
}

function randomAnonymous(
  choices: Choices,
  service: ServiceName,
): { scopes: string[]; resources: string[] }[] {
  if (choices.chance(0.6)) return [];
  const resources = PATTERNS[service].filter((pattern) => !pattern.includes('{'));
  return [{ scopes: [SCOPES[service][0]], resources: [choices.of(resources)] }];
}
