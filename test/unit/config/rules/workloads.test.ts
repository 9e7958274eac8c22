import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const ISSUERS = `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com },
  github: { type: github, issuer: https://token.actions.githubusercontent.com },
  cluster: { type: kubernetes, issuer: https://cluster.example.com } }`;

function yaml(workload: string, sections: Readonly<Record<string, string>> = {}): string {
  return configuration({
    issuers: ISSUERS,
    workloadIdentities: `{ web@workload.example.com: { ${workload} } }`,
    ...sections,
  });
}

function expansion(workload: string): unknown {
  const { identities, workloadIdentities } = accepted(yaml(workload));
  const [named] = workloadIdentities;
  return identities.find(({ name }) => name === named?.identity);
}

describe('the shorthand means', () => {
  test.each<readonly [string, string, Readonly<Record<string, unknown>>]>([
    ['a project', 'issuer: gitlab, projectId: "21"', { project_id: '21' }],
    ['a project of the platform', 'platform: gitlab, projectId: 21', { project_id: '21' }],
    [
      'a branch and tags',
      'issuer: gitlab, projectId: "21", branches: [main], tags: ["v*"]',
      { project_id: '21', ref_path: { glob: ['refs/heads/main', 'refs/tags/v*'] } },
    ],
    [
      'branches only, where tags are none',
      'issuer: gitlab, projectId: "21", branches: [main], tags: []',
      { project_id: '21', ref_path: { in: ['refs/heads/main'] } },
    ],
    [
      'a project of a group, and its id',
      'issuer: gitlab, group: acme, project: web, projectId: "21"',
      { project_id: '21', project_path: 'acme/web' },
    ],
    [
      'everything of a group',
      'issuer: gitlab, group: acme, groupId: "7"',
      { namespace_id: '7', project_path: { glob: 'acme/**' } },
    ],
    [
      'a repository of GitHub',
      'platform: github, user: ana, project: web, projectId: "21", branches: [main]',
      { repository_id: '21', repository: 'ana/web', ref: { in: ['refs/heads/main'] } },
    ],
    [
      'an owner of GitHub',
      'issuer: github, group: acme, groupId: "7"',
      { repository_owner_id: '7', repository: { glob: 'acme/**' } },
    ],
    [
      'names alone, where that is allowed',
      'issuer: gitlab, project: acme/web, allowMutableNames: true',
      { project_path: 'acme/web' },
    ],
  ])('%s', (_what, workload, match) => {
    expect(expansion(`${workload}, roles: [reader]`)).toMatchObject({
      name: 'web@workload.example.com',
      via: ['id_token'],
      onRequest: true,
      match,
      roles: ['reader'],
    });
  });
});

test('audiences are its own, or the issuer’s', () => {
  const of = (workload: string) => accepted(yaml(workload)).workloadIdentities;
  expect(of('identity: payments, audiences: ["https://gitlab.example.com"]')).toEqual([
    {
      name: 'web@workload.example.com',
      identity: 'payments',
      issuer: 'gitlab',
      audiences: ['https://gitlab.example.com'],
    },
  ]);
  expect(of('identity: payments')[0]?.audiences).toEqual(['https://gateway.example.com']);
});

test('its role is used, and its service is reachable', () => {
  const identities = '{}';
  expect(warningsOf(yaml('issuer: gitlab, projectId: "21", roles: [reader]', { identities }))).toEqual([]);
});

test('what is bound by names alone says how to pin it', () => {
  const project = 'issuer: gitlab, project: acme/web, roles: [reader]';
  expect(errorsOf(yaml(project))).toEqual([
    expect.stringContaining('give projectId: it is the claim project_id of a token of such a job'),
  ]);
  expect(warningsOf(yaml(`${project}, allowMutableNames: true`))).toEqual([
    expect.stringContaining(
      '{"project_path":"acme/web"} gets the rights of this entry; to prevent this, give projectId',
    ),
  ]);
  expect(errorsOf(yaml('platform: github, group: acme, roles: [reader]'))).toEqual([
    expect.stringContaining('give groupId: it is the claim repository_owner_id'),
  ]);
});

describe('refused', () => {
  const roles = 'roles: [reader]';
  test.each([
    ['an unknown identity', 'identity: paymnts', 'no identity is named "paymnts"; did you mean "payments"?'],
    ['both forms', 'identity: payments, projectId: "21"', 'projectId: belongs to the identity'],
    ['neither form', roles, 'needs identity, or one of issuer and platform'],
    [
      'issuer and platform',
      `issuer: gitlab, platform: gitlab, projectId: "2", ${roles}`,
      'needs identity, or one',
    ],
    [
      'another type of issuer',
      `issuer: cluster, projectId: "2", ${roles}`,
      'the shorthand is for issuers of type',
    ],
    ['no roles', 'issuer: gitlab, projectId: "21"', 'needs roles'],
    ['an unknown role', 'issuer: gitlab, projectId: "21", roles: [readr]', 'no role is named "readr"'],
    ['no subject', `issuer: gitlab, allowMutableNames: true, ${roles}`, 'every token of the issuer'],
    ['a wildcard', `issuer: gitlab, project: "acme/*", projectId: "2", ${roles}`, 'without wildcards'],
    ['half a path', `issuer: gitlab, project: web, projectId: "21", ${roles}`, 'must be the full path'],
    ['group and user', `issuer: gitlab, group: a, user: b, groupId: "2", ${roles}`, 'either group or user'],
    [
      'no ref at all',
      `issuer: gitlab, projectId: "21", branches: [], ${roles}`,
      'allows no branch and no tag',
    ],
    [
      'a whole ref',
      `issuer: gitlab, projectId: "21", branches: [refs/heads/main], ${roles}`,
      'without refs/heads/',
    ],
    ['a ref that is none', `issuer: gitlab, projectId: "21", branches: ["a b"], ${roles}`, 'must be a name'],
    ['three stars', `issuer: gitlab, projectId: "21", tags: ["***"], ${roles}`, 'not a wildcard'],
    ['an id that is a name', `issuer: gitlab, projectId: web, ${roles}`, 'must be a number'],
    ['no audience', `identity: payments, audiences: []`, 'audiences'],
  ])('%s', (_what, workload, message) => {
    expect(errorsOf(yaml(workload))).toEqual([expect.stringContaining(message)]);
  });

  test('a name that is no address', () => {
    expect(errorsOf(configuration({ workloadIdentities: '{ web: { identity: payments } }' }))).toEqual([
      expect.stringContaining('must look like an address'),
    ]);
  });

  test('the name of an identity', () => {
    const identities =
      '{ web@workload.example.com: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] } }';
    expect(errorsOf(yaml(`issuer: gitlab, projectId: "21", ${roles}`, { identities }))).toEqual([
      expect.stringContaining('is also the name of an identity'),
    ]);
  });

  test('an identity that does not accept ID tokens', () => {
    const issuers = '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, jobTokens: {} } }';
    const identities =
      '{ payments: { issuer: gitlab, via: [job_token], match: { project_id: "20" }, roles: [reader] } }';
    expect(errorsOf(yaml('identity: payments', { issuers, identities }))).toEqual([
      expect.stringContaining('does not accept ID tokens'),
    ]);
  });

  test('a platform that there are two of', () => {
    const issuers = `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com },
      other: { type: gitlab, issuer: https://other.example.com } }`;
    expect(errorsOf(yaml(`platform: gitlab, projectId: "21", ${roles}`, { issuers }))).toEqual([
      expect.stringContaining('there is not exactly one issuer of type gitlab'),
    ]);
  });
});

test('a service that has the host of publicUrl for itself hides the exchange', () => {
  const services =
    '{ orders: { type: http, path: /orders/, hosts: [gateway.example.com], upstream: { url: http://orders.internal/ } } }';
  expect(warningsOf(yaml('identity: payments', { services }))).toEqual([
    expect.stringContaining('the exchange is unreachable at server.publicUrl: service "orders"'),
  ]);
});

describe('trusted publishing', () => {
  const npm = (rest: string): string => `{ type: npm, upstream: { url: http://npm.internal/ }, ${rest} }`;
  const publishing = 'trustedPublishing: { audience: "npm:npm.example.com" }';
  const services = (text: string): string => configuration({ services: text, identities: '{}', roles: '{}' });

  test('needs a host that no other service uses', () => {
    expect(errorsOf(services(`{ npm: ${npm(publishing)} }`))).toEqual([
      expect.stringContaining('services.npm.trustedPublishing: needs hosts'),
    ]);
    const at = (path: string): string => npm(`hosts: [npm.example.com], path: ${path}, ${publishing}`);
    expect(errorsOf(services(`{ a: ${at('/a/')}, b: ${at('/b/')} }`))).toEqual([
      expect.stringContaining('service "a" has it on host npm.example.com too'),
    ]);
    expect(errorsOf(services(`{ a: ${at('/a/')} }`))).toEqual([]);
  });
});
