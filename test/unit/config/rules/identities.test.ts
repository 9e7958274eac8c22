import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const ISSUERS = `
  gitlab: { type: gitlab, issuer: https://gitlab.example.com }
  github: { type: github, issuer: https://token.actions.githubusercontent.com }
  cluster: { type: kubernetes, issuer: https://kubernetes.default.svc }
  entra: { type: entra, issuer: https://sts.windows.net/00000000-1111-2222-3333-444444444444/ }
  google: { type: google, issuer: https://accounts.google.com }
  own: { type: oidc, issuer: https://idp.example.com }
`;

function identity(issuer: string, match: string, more = ''): string {
  return configuration({
    issuers: ISSUERS,
    identities: `{ someone: { issuer: ${issuer}, match: { ${match} }, roles: [reader]${more} } }`,
  });
}

describe('GitLab and GitHub identities bind an immutable id', () => {
  test.each([
    ['gitlab', 'project_id: 20'],
    ['gitlab', 'project_id: { equals: "20" }'],
    ['gitlab', 'namespace_id: { in: ["7", 8] }, ref: main, ref_type: branch'],
    ['gitlab', '/project_id: "20"'],
    ['github', 'repository_id: 1'],
    ['github', 'repository_owner_id: "1"'],
    ['github', 'sub: "repo:acme@1/shop@2:ref:refs/heads/main"'],
    ['github', 'sub: { glob: "repo:acme@1/shop@2:ref:refs/heads/**" }'],
    ['github', 'sub: { in: ["repo:acme@1/shop@2:environment:a", "repo:acme@1/shop@3:environment:b"] }'],
  ])('%s: %s', (issuer, match) => {
    expect(warningsOf(identity(issuer, match))).toEqual([]);
    expect(errorsOf(identity(issuer, match))).toEqual([]);
  });

  test.each([
    [
      'gitlab',
      'project_path: acme/payments',
      'must bind project_id or namespace_id: names are mutable; or set allowMutableNames: true',
    ],
    ['gitlab', 'project_id: { glob: "2*" }, ref: main', 'must bind project_id with equals or in'],
    ['gitlab', 'project_id: { notIn: ["20"] }, user_login: a', 'must bind project_id with equals or in'],
    ['gitlab', 'job_project_id: "20"', 'must bind project_id or namespace_id'],
    ['github', 'repository: acme/shop', 'must bind repository_id or repository_owner_id'],
    ['github', 'sub: "repo:acme/shop:ref:refs/heads/main"', 'must bind repository_id'],
    ['github', 'sub: { glob: "repo:acme@1/*:ref:refs/heads/main" }', 'must bind repository_id'],
    ['github', 'sub: { glob: ["repo:acme@1/shop@2:**", "repo:acme/*:**"] }', 'must bind repository_id'],
    ['github', 'sub: { notIn: ["repo:acme@1/shop@2:x"] }, actor: a', 'must bind repository_id'],
  ])('%s: %s is refused', (issuer, match, message) => {
    expect(errorsOf(identity(issuer, match))).toEqual([
      expect.stringContaining(`identities.someone.match: ${message}`),
    ]);
  });

  test('or say so, and are warned', () => {
    const yaml = identity('gitlab', 'project_path: acme/payments', ', allowMutableNames: true');
    expect(errorsOf(yaml)).toEqual([]);
    expect(warningsOf(yaml)).toEqual([
      expect.stringContaining('identities.someone.allowMutableNames: names are mutable'),
    ]);
  });

  test.each([
    [
      'gitlab',
      'project_id: acme/payments',
      'identities.someone.match.project_id: must be a number such as "20", not a name',
    ],
    [
      'github',
      'repository_owner_id: { in: ["1", acme] }',
      'identities.someone.match.repository_owner_id: must be a number',
    ],
    ['gitlab', '/project_id: payments', 'identities.someone.match["/project_id"]: must be a number'],
  ])('%s: %s is no id', (issuer, match, message) => {
    expect(errorsOf(identity(issuer, match))).toEqual([expect.stringContaining(message)]);
  });
});

describe('Entra identities bind an application', () => {
  test.each(['oid: a', 'azp: a', 'appid: { in: [a, b] }', 'roles: { contains: Reader }'])('%s', (match) => {
    expect(errorsOf(identity('entra', match))).toEqual([]);
  });
  test.each([
    ['tid: 00000000-1111-2222-3333-444444444444', ''],
    ['oid: { glob: "a*" }', ''],
    ['sub: a', ', allowMutableNames: true'],
  ])('%s%s is refused', (match, more) => {
    expect(errorsOf(identity('entra', match, more))).toEqual([
      expect.stringContaining(
        'identities.someone.match: must bind oid, azp or appid with equals or in, or roles',
      ),
    ]);
  });
  test('roles is a list', () => {
    expect(errorsOf(identity('entra', 'roles: Reader, oid: a'))).toEqual([
      expect.stringContaining('match.roles: is a list in the token; write { contains: … }'),
    ]);
  });
});

describe('a match that matches everything', () => {
  test.each([
    ['google', 'sub: { glob: "*" }'],
    ['google', 'sub: { glob: ["12*", "**"] }'],
    ['google', 'sub: { notIn: ["1"] }, aud: { glob: "**" }'],
    ['google', 'sub: { glob: "*/**", notIn: ["x"] }'],
    ['google', 'sub: { glob: "*" }, aud: https://gateway.example.com'],
    ['google', '/aud: https://gateway.example.com'],
  ])('%s: %s is refused', (issuer, match) => {
    expect(errorsOf(identity(issuer, match, ', allowMutableNames: true'))).toEqual([
      expect.stringContaining(
        `identities.someone.match: matches every token of "${issuer}", and anyone can obtain a token there`,
      ),
    ]);
  });

  test('allowMutableNames does not allow it', () => {
    expect(errorsOf(identity('gitlab', 'project_path: { glob: "**" }', ', allowMutableNames: true'))).toEqual(
      [expect.stringContaining('matches every token of "gitlab"')],
    );
  });

  test.each([
    ['gitlab', 'project_path: { glob: "**" }, aud: https://gateway.example.com'],
    ['gitlab', 'ref: main, ref_type: branch, ref_protected: "true"'],
    ['gitlab', 'environment: production, project_path: { glob: "**" }'],
    ['github', 'ref: refs/heads/main, environment: production'],
    ['github', 'repository: { glob: "*/*" }, workflow: release, event_name: push'],
  ])('%s: %s restricts only claims that the author of a job chooses', (issuer, match) => {
    expect(errorsOf(identity(issuer, match, ', allowMutableNames: true'))).toEqual([
      expect.stringContaining(`matches every token of "${issuer}"`),
    ]);
  });

  test.each([
    ['github', 'job_workflow_ref: "acme/ci/.github/workflows/release.yml@refs/heads/main"'],
    ['gitlab', 'user_login: deployer, ref: main'],
  ])('%s: %s is accepted with mutable names', (issuer, match) => {
    expect(errorsOf(identity(issuer, match, ', allowMutableNames: true'))).toEqual([]);
  });

  test.each([
    ['google', 'sub: "12"'],
    ['own', 'sub: { glob: "**" }'],
    ['cluster', 'sub: { notIn: [x] }'],
  ])('%s: %s is accepted', (issuer, match) => {
    expect(errorsOf(identity(issuer, match))).toEqual([]);
  });

  test('an empty one is refused everywhere', () => {
    expect(errorsOf(identity('own', ''))).toEqual([
      expect.stringContaining('identities.someone.match: is empty'),
    ]);
  });
});

describe('values are compared as text', () => {
  test.each([
    ['project_id: 20', { project_id: '20' }],
    ['project_id: "020"', { project_id: '020' }],
    ['project_id: 20, ref_protected: true', { project_id: '20', ref_protected: 'true' }],
    ['project_id: { in: [1, "2"] }', { project_id: { in: ['1', '2'] } }],
    ['project_id: 9007199254740991', { project_id: '9007199254740991' }],
    ['project_id: "${ID}"', { project_id: '20' }],
  ])('%s', (match, expected) => {
    expect(accepted(identity('gitlab', match), { ID: '20' }).identities[0]?.match).toEqual(expected);
  });

  test.each([
    '9007199254740993',
    '1e3',
    '1.0',
    '0x10',
    '0o7',
    '007',
    '+5',
    '-0',
    '.5',
    '.inf',
    '.nan',
    'True',
    'FALSE',
  ])('%s is refused without quotes', (value) => {
    const message = expect.stringMatching(/match\.x: YAML reads this as \S+; put it in quotes$/);
    expect(errorsOf(identity('own', `x: ${value}`))).toEqual([message]);
    expect(errorsOf(identity('own', `x: { in: [a], notIn: [${value}] }`))).toHaveLength(1);
    expect(errorsOf(identity('own', `x: "${value}"`))).toEqual([]);
  });
});

describe('conditions that are probably mistakes', () => {
  test.each([
    ['own', 'x: ""', 'match.x: an empty value never matches'],
    ['own', 'x: { contains: "" }', 'match.x: an empty value never matches'],
    ['own', 'x: { equals: a, in: [b] }', 'match.x: equals is not among the values of in: this never matches'],
    ['own', 'x: { glob: "a***" }', 'match.x: "***" is not a wildcard'],
    ['own', '/a~2b: x', 'match["/a~2b"]: is not a JSON pointer'],
    [
      'cluster',
      'kubernetes.io.namespace: x',
      'match["kubernetes.io.namespace"]: never matches: claims inside kubernetes.io',
    ],
  ])('%s: %s is refused', (issuer, match, message) => {
    expect(errorsOf(identity(issuer, match))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['x: release/*', 'match.x: the "*" is compared literally; a pattern is written { glob: … }'],
    ['x: { glob: "release/{a,b}" }', 'match.x: only * and ** are special in a glob'],
    ['x: { glob: "v[0-9]?" }', 'match.x: only * and ** are special in a glob'],
  ])('%s is warned of', (match, message) => {
    expect(warningsOf(identity('own', match))).toEqual([expect.stringContaining(message)]);
  });
});

test('references to issuers and roles', () => {
  expect(
    errorsOf(
      configuration({ identities: '{ a: { issuer: gitlub, match: { x: 1 }, roles: [raeder, nobody] } }' }),
    ),
  ).toEqual([
    expect.stringContaining('identities.a.issuer: no issuer is named "gitlub"; did you mean "gitlab"?'),
    expect.stringContaining('identities.a.roles[0]: no role is named "raeder"; did you mean "reader"?'),
    expect.stringContaining('identities.a.roles[1]: no role is named "nobody"; known: reader'),
  ]);
});
