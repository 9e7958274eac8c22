import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const BESIDE = { jwt: 'x\n', 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
const ISSUERS = `{
  gitlab: { type: gitlab, issuer: https://gitlab.example.com },
  github: { type: github, issuer: https://token.actions.githubusercontent.com },
  buildkite: { type: buildkite, issuer: https://agent.buildkite.com },
  cluster: { type: kubernetes, issuer: https://kubernetes.example.com },
  idp: { type: oidc, issuer: https://idp.example.com } }`;

const vault = (path: string): string =>
  `vault: { address: https://vault.example.com, auth: { jwt: { role: a, tokenFile: jwt } }, path: "${path}", field: token }`;

interface Parts {
  readonly issuer?: string;
  readonly match: string;
  readonly auth: string;
  readonly more?: string;
}

/** The warnings about chosen claims of a service with this upstream credential. */
function warned({ issuer = 'gitlab', match, auth, more = '' }: Parts): readonly string[] {
  const text = configuration({
    issuers: ISSUERS,
    identities: `{ someone: { issuer: ${issuer}, match: { ${match} }, roles: [reader] }${more} }`,
    services: `{ orders: { type: http, path: /orders/, upstream: { url: https://orders.internal/, auth: { ${auth} } } } }`,
  });
  expect(errorsOf(text, {}, BESIDE)).toEqual([]);
  return warningsOf(text, {}, BESIDE).filter((warning) => warning.includes('can choose'));
}

const PROJECT = 'project_id: "20"';
const UUID = '0190a3b4-0000-7000-8000-000000000001';

describe('a template of an upstream credential with a claim that the job chooses', () => {
  test.each([
    ['gitlab', PROJECT, 'environment', 'environment_protected: "true"'],
    ['gitlab', PROJECT, 'ref', 'ref_protected: "true"'],
    ['gitlab', `${PROJECT}, ref: { glob: "release/*" }`, 'ref', 'ref_protected: "true"'],
    ['gitlab', `${PROJECT}, ref_protected: { glob: "*" }`, 'ref', 'ref_protected: "true"'],
    ['gitlab', `${PROJECT}, ref_protected: { in: ["true", "false"] }`, 'ref', 'ref_protected: "true"'],
    ['gitlab', PROJECT, '/environment', 'environment_protected: "true"'],
    ['github', 'repository_id: "1", event_name: push', 'environment', undefined],
    ['github', 'repository_id: "1", event_name: push', 'head_ref', undefined],
    ['github', 'repository_id: "1", event_name: push', 'sub', undefined],
    ['buildkite', `organization_id: ${UUID}`, 'build_branch', undefined],
    ['buildkite', `organization_id: ${UUID}`, 'agent_tag:queue', undefined],
    ['buildkite', `organization_id: ${UUID}`, 'sub', undefined],
    ['cluster', '/kubernetes.io/namespace: payments', '/kubernetes.io/pod/name', undefined],
  ])('%s, { %s }: {claims.%s}', (issuer, match, claim, protection) => {
    const found = warned({ issuer, match, auth: vault(`secret/data/{claims.${claim}}`) });
    expect(found).toEqual([
      expect.stringContaining(
        `services.orders.upstream.auth.vault.path: the jobs of "someone" can choose the value of {claims.${claim}}`,
      ),
    ]);
    expect(found[0]?.includes(protection ?? 'protected')).toBe(protection !== undefined);
  });

  test('the limits of a GitHub App, also by {subject}', () => {
    const app = (permission: string): string =>
      `githubApp: { appId: Iv1, keyFile: key.pem, installation: acme/orders, permissions: { contents: "${permission}" }, repositoryIds: ["1"] }`;
    const match = 'repository_id: "1", event_name: push';
    expect(warned({ issuer: 'github', match, auth: app('{claims.environment}') })).toEqual([
      expect.stringContaining('githubApp.permissions.contents: the jobs of "someone" can choose'),
    ]);
    expect(warned({ issuer: 'github', match, auth: app('{subject}') })).toEqual([
      expect.stringContaining('the jobs of "someone" can choose the value of {subject}'),
    ]);
  });

  test('an entry of perIdentity concerns its identity only, and default the others', () => {
    const auth = (name: string): string =>
      `perIdentity: { ${name}: { ${vault('secret/data/{claims.ref}')} }, OTHER: { ${vault('secret/data/{identity}')} } }`;
    const more = ', fixed: { issuer: gitlab, match: { project_id: "21", ref: main }, roles: [reader] }';
    const entries = (name: string, other: string): string => auth(name).replace('OTHER', other);
    expect(warned({ match: PROJECT, more, auth: entries('fixed', 'someone') })).toEqual([]);
    expect(warned({ match: PROJECT, more, auth: entries('someone', 'fixed') })).toHaveLength(1);
    expect(warned({ match: PROJECT, more, auth: entries('default', 'fixed') })).toHaveLength(1);
    expect(warned({ match: PROJECT, more, auth: entries('default', 'someone') })).toEqual([]);
  });

  test('identities are listed in one warning', () => {
    const more = ', second: { issuer: gitlab, match: { project_id: "21" }, roles: [reader] }';
    expect(warned({ match: PROJECT, more, auth: vault('secret/data/{claims.ref}') })).toEqual([
      expect.stringContaining('the jobs of "someone", "second" can choose the value of {claims.ref}'),
    ]);
  });
});

describe('no warning', () => {
  test.each([
    ['gitlab', PROJECT, '{claims.project_id}'],
    ['gitlab', PROJECT, '{identity}'],
    ['gitlab', PROJECT, '{claims.sub}'],
    ['gitlab', `${PROJECT}, environment: production`, '{claims.environment}'],
    ['gitlab', `${PROJECT}, "/environment": { in: [production, staging] }`, '{claims.environment}'],
    ['gitlab', `${PROJECT}, environment_protected: "true"`, '{claims.environment}'],
    ['gitlab', `${PROJECT}, ref_protected: "true"`, '{claims.ref_path}'],
    [
      'github',
      'repository_id: "1", event_name: push, sub: "repo:acme@1/api@2:ref:refs/heads/main"',
      '{claims.sub}',
    ],
    ['github', 'repository_id: "1", event_name: push', '{claims.repository_id}'],
    ['idp', 'sub: someone, environment: { glob: "*" }', '{claims.environment}'],
  ])('%s, { %s }: %s', (issuer, match, placeholder) => {
    expect(warned({ issuer, match, auth: vault(`secret/data/${placeholder}`) })).toEqual([]);
  });

  test('an identity without a grant on the service', () => {
    const more = ', other: { issuer: gitlab, match: { project_id: "21" }, grants: [] }';
    const match = `${PROJECT}, ref: main`;
    expect(warned({ match, more, auth: vault('secret/data/{claims.ref}') })).toEqual([]);
  });
});
