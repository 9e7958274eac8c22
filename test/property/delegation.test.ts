import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { guardsFor } from '../../src/policy/compile/preset-guards.ts';
import { compileMatch, holdsFor } from '../../src/policy/compile/condition.ts';
import { createAuthorizer } from '../../src/policy/index.ts';
import { credentialWith } from '../../src/policy/tools/diff/witness.ts';
import { choicesFrom, type Choices } from '../support/policy/random.ts';
import { writeFiles } from '../unit/config/loading.ts';

/** `GATEHOUSE_PROPERTY=long npx vitest run test/property/delegation.test.ts` loads 20,000 files. */
const FILES = process.env['GATEHOUSE_PROPERTY'] === 'long' ? 20_000 : 400;
const SEED = Number(process.env['GATEHOUSE_SEED'] ?? 1);

/** Values that conditions, patterns, credentials and requests are made of, so that they meet often. */
const PATHS = ['web/ui', 'Web/api', 'ops/api', 'web/sub/lib', 'web'] as const;
const IDS = ['20', '21', '22'] as const;
const REFS = ['main', 'dev', 'release/1', 'ui'] as const;
const SCOPES = {
  npm: ['read_package_registry', 'write_package_registry'],
  oci: ['read_registry', 'write_registry'],
  api: ['read_api', 'write_api'],
};
const PATTERNS = {
  npm: ['**', '@web/**', '@web/*', '@web/ui', '@*/ui', '@web/{claims.ref}', '@{claims.ref}/x', 'lib-*'],
  oci: [
    '**',
    'web/**',
    'web/*',
    'web/ui',
    '*/ui',
    '{claims.project_path}',
    '{claims.project_path}/**',
    'p/{claims.ref}',
  ],
  api: [
    '**',
    '/v1/**',
    '/v1/*',
    '/v1/a',
    '/p/{claims.project_id}/**',
    '/p/20/**',
    '/p/*/x',
    '/p/é/**',
    '/p/*/**',
  ],
} as const;
const RESOURCES = {
  npm: ['@web/ui', '@web/a', '@web/main', '@ui/x', 'lib-a', '@ops/ui', 'x'],
  oci: ['web/ui', 'web/api', 'web', 'ops/api', 'web/sub/lib', 'web/ui/x', 'p/main', 'x'],
  api: ['/v1/a', '/v1/a/b', '/p/20/x', '/p/21/x', '/p/20/x/y', '/p/%C3%A9/x', '/'],
} as const;
const SERVICES = ['npm', 'oci', 'api'] as const;

test('no accepted file exceeds its delegation', () => {
  const seen = { files: 0, accepted: 0, allowed: 0 };
  const folder = writeFiles({});
  const file = join(folder, 'gatehouse.yaml');
  for (let seed = SEED; seen.files < FILES; seed += 1) {
    const choices = choicesFrom(seed * 7919);
    const delegation = {
      files: 'team.yaml',
      grants: several(choices, 3, () => randomGrant(choices)),
      issuers: choices.chance(0.5) ? ['lab'] : ['lab', 'hub'],
      match: randomMatch(choices, 0.5),
      via: ['id_token', 'job_token'],
      allowMutableNames: true,
    };
    if (Object.keys(delegation.match).length === 0) continue;
    seen.files += 1;
    writeFileSync(file, JSON.stringify({ ...MAIN, delegations: [delegation] }));
    writeFileSync(join(folder, 'team.yaml'), JSON.stringify(randomFile(choices, delegation)));
    const result = loadConfig(file, {});
    if (result.kind === 'invalid') {
      const elsewhere = result.problems.filter((problem) => !problem.file.endsWith('team.yaml'));
      expect(elsewhere).toEqual([]);
      continue;
    }
    seen.accepted += 1;
    const { config } = result;
    const authorizer = createAuthorizer(config);
    const bounds = createAuthorizer({
      ...config,
      identities: config.identities.map((identity) => ({
        ...identity,
        roles: [],
        grants: delegation.grants,
      })),
    });
    const required = compileMatch(delegation.match);
    const guards = guardsFor('gitlab', required);
    for (let at = 0; at < 3_000; at += 1) {
      const credential = randomCredential(choices);
      const service = choices.of(SERVICES);
      const operation = {
        scope: choices.of(SCOPES[service]),
        resource: choices.of<string>(RESOURCES[service]),
        extent: choices.of(['one', 'one', 'one', 'any', 'every'] as const),
      };
      if (authorizer.forService(service)(credential, [operation]).kind !== 'allow') continue;
      seen.allowed += 1;
      const where = `seed ${seed}: ${JSON.stringify({ delegation, operation, claims: credential.claims, identities: config.identities })}`;
      expect(delegation.issuers, where).toContain(credential.issuer);
      expect(
        required.every((condition) => holdsFor(condition, credential.claims)),
        where,
      ).toBe(true);
      expect(
        guards.every(({ passes }) => passes(credential.claims)),
        where,
      ).toBe(true);
      expect(bounds.forService(service)(credential, [operation]).kind, where).toBe('allow');
    }
  }
  console.info(JSON.stringify(seen));
  expect(seen.accepted / seen.files).toBeGreaterThan(0.05);
  expect(seen.allowed).toBeGreaterThan(seen.accepted);
}, 600_000);

const MAIN = {
  version: 1,
  server: { publicUrl: 'https://gateway.example.com' },
  issuers: {
    lab: { type: 'gitlab', issuer: 'https://lab.example.com', jobTokens: {} },
    hub: { type: 'gitlab', issuer: 'https://hub.example.com' },
  },
  services: {
    npm: { type: 'npm', path: '/npm/', upstream: { url: 'http://npm.internal/' } },
    oci: { type: 'oci', upstream: { url: 'http://oci.internal/' } },
    api: { type: 'http', path: '/api/', upstream: { url: 'http://api.internal/' } },
  },
};

type Match = Record<string, { in?: string[]; notIn?: string[]; glob?: string } | string>;
type Grant = { service: (typeof SERVICES)[number]; scopes: string[]; resources: string[] };

function randomFile(choices: Choices, bounds: { grants: Grant[]; match: Match }): object {
  const identity = () => ({
    issuer: choices.chance(0.8) ? 'lab' : 'hub',
    via: choices.chance(0.7) ? ['id_token'] : ['id_token', 'job_token'],
    match: { ...randomMatch(choices, 0.3), ...narrowed(choices, bounds.match) },
    allowMutableNames: true,
    roles: choices.chance(0.3) ? ['reader'] : [],
    grants: several(choices, 2, () => narrowerGrant(choices, bounds.grants)),
  });
  return {
    version: 1,
    identities: Object.fromEntries(several(choices, 2, identity).map((each, at) => [`team-${at}`, each])),
    roles: { reader: [narrowerGrant(choices, bounds.grants)] },
  };
}

/** Most of the conditions are repeated, some with a value. */
function narrowed(choices: Choices, match: Match): Match {
  const kept = Object.entries(match).filter(() => choices.chance(0.95));
  return Object.fromEntries(
    kept.map(([claim, condition]) => [
      claim,
      choices.chance(0.6) ? condition : (randomMatch(choices, 1)[claim] ?? condition),
    ]),
  );
}

function narrowerGrant(choices: Choices, grants: readonly Grant[]): Grant {
  if (choices.chance(0.1)) return randomGrant(choices);
  const { service, scopes, resources } = choices.of(grants);
  const pattern = choices.chance(0.5) ? choices.of(resources) : choices.of<string>(PATTERNS[service]);
  return { service, scopes: [choices.of(scopes)], resources: [pattern] };
}

function randomGrant(choices: Choices): Grant {
  const service = choices.of(SERVICES);
  return {
    service,
    scopes: choices.chance(0.5) ? [...SCOPES[service]] : [choices.of(SCOPES[service])],
    resources: several(choices, 2, () => choices.of<string>(PATTERNS[service])),
  };
}

function randomMatch(choices: Choices, probability: number): Match {
  const match: Match = {};
  const add = (claim: string, values: readonly string[], globs: readonly string[]): void => {
    if (!choices.chance(probability)) return;
    match[claim] = choices.of([
      choices.of(values),
      { in: [choices.of(values), choices.of(values)] },
      { glob: choices.of(globs) },
      { notIn: [choices.of(values)] },
    ]);
  };
  add('project_path', PATHS, ['web/*', 'web/**', '**', '*/api', 'Web/*']);
  add('project_id', IDS, ['2*', '*']);
  if (choices.chance(probability / 2)) match['job_project_id'] = { in: [choices.of(IDS), choices.of(IDS)] };
  add('ref', REFS, ['release/*', 'm*', '**', '*']);
  return match;
}

function randomCredential(choices: Choices) {
  const claims: Record<string, unknown> = {
    project_path: choices.of(PATHS),
    project_id: choices.of(IDS),
    ref: choices.of([...REFS, '..', 'a%2Fb', '*']),
  };
  if (choices.chance(0.5)) claims['job_project_id'] = choices.of(IDS);
  if (choices.chance(0.1)) delete claims[choices.of(Object.keys(claims))];
  const issuer = choices.chance(0.8) ? 'lab' : 'hub';
  const kind = choices.chance(0.3) ? 'job_token' : 'id_token';
  return credentialWith(claims, {
    kind,
    issuer,
    issuerUrl: `https://${issuer}.example.com`,
    audience: kind === 'id_token' ? 'https://gateway.example.com' : undefined,
  });
}

function several<T>(choices: Choices, most: number, make: () => T): T[] {
  return Array.from({ length: 1 + choices.below(most) }, make);
}
