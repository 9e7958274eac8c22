import { describe, expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

describe('unreachable identities', () => {
  const two = (first: string, second: string, issuers?: string): string[] => {
    const yaml = configuration({
      ...(issuers === undefined ? {} : { issuers }),
      identities: `{ first: { issuer: idp, match: { ${first} }, roles: [reader] }, second: { issuer: idp, match: { ${second} }, roles: [reader] } }`,
    });
    return [...errorsOf(yaml).filter((text) => text.includes('is unreachable')), ...warningsOf(yaml)];
  };
  const own = '{ idp: { type: oidc, issuer: https://idp.example.com } }';
  const github = '{ idp: { type: github, issuer: https://github.example.com } }';
  const gitlab = '{ idp: { type: gitlab, issuer: https://gitlab.example.com } }';

  test.each([
    ['a: x', 'a: x'],
    ['a: x', 'a: x, b: y'],
    ['a: { in: [x, y] }', 'a: x'],
    ['a: { in: [x, y] }', 'a: { in: [y, x] }'],
    ['a: { glob: "x*" }', 'a: { in: [x1, x2] }'],
    ['a: { glob: "x*" }', 'a: { glob: "x*" }, b: y'],
    ['a: { glob: "**" }', 'a: { glob: "y*" }'],
    ['a: { glob: "**" }', 'a: { notIn: [x] }'],
    ['a: { notIn: [x] }', 'a: y'],
    ['a: { notIn: [x] }', 'a: { notIn: [x, y] }'],
    ['a: { contains: x }', 'a: { contains: x }, b: y'],
    ['a: { glob: "x*", notIn: [x1] }', 'a: x2'],
  ])('%s before %s', (first, second) => {
    expect(two(first, second, own)).toEqual([
      expect.stringMatching(
        /identities\.second: is unreachable: shadowed by "first" \(\S+:4:15\), which matches every token/,
      ),
    ]);
  });

  test.each([
    ['a: x, b: y', 'a: x'],
    ['a: x', 'a: { in: [x, y] }'],
    ['a: x', 'a: { glob: "x" }'],
    ['a: x', 'b: x'],
    ['a: { glob: "x*" }', 'a: { in: [x1, y] }'],
    ['a: { glob: "x*" }', 'a: { glob: "x**" }'],
    ['a: { notIn: [x, y] }', 'a: { notIn: [x] }'],
    ['a: { contains: x }', 'a: { contains: y }'],
    ['a: { glob: "**" }', 'a: { contains: x }'],
    ['a: { glob: "*" }', 'a: "x/y"'],
  ])('%s leaves something for %s', (first, second) => {
    expect(two(first, second, own)).toEqual([]);
  });

  test('claims with guards are left to the identities that name them', () => {
    expect(two('repository_id: 1', 'repository_id: 1, event_name: workflow_run', github)).toEqual([]);
    const mixed = 'repository_id: 1, event_name: { in: [push, workflow_run] }';
    expect(two('repository_id: 1', mixed, github)).toEqual([]);
    expect(two(mixed, 'repository_id: 1, event_name: workflow_run', github)).toHaveLength(1);
    expect(two('repository_id: 1', 'repository_id: 1, event_name: push', github)).toHaveLength(1);
    expect(two('repository_id: 1', 'repository_id: 1, ref: main', github)).toHaveLength(1);
    expect(two('project_id: 1', 'project_id: 1, job_project_id: 2', gitlab)).toEqual([]);
  });

  test('another issuer is another matter', () => {
    const identities =
      '{ a: { issuer: gitlab, match: { project_id: 1 }, roles: [reader] }, b: { issuer: own, match: { project_id: 1 }, roles: [reader] } }';
    const issuers =
      '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com }, own: { type: oidc, issuer: https://idp.example.com } }';
    expect(warningsOf(configuration({ identities, issuers }))).toEqual([]);
  });
});

describe('settings without effect', () => {
  test('a role that no identity has, and an unreachable service', () => {
    const yaml = configuration({
      roles: `
  reader: [{ service: orders, scopes: [read_api], resources: ["**"] }]
  unused: [{ service: stock, scopes: [read_api], resources: ["**"] }]`,
      services: `
  orders: { type: http, path: /orders/, upstream: { url: http://orders.internal/ } }
  stock: { type: http, path: /stock/, upstream: { url: http://stock.internal/ } }
  public: { type: http, path: /public/, upstream: { url: http://p/ }, anonymous: [{ scopes: [read_api], resources: ["**"] }] }`,
    });
    expect(warningsOf(yaml)).toEqual([
      '7:3 roles.unused: no identity has this role; add it to the roles of an identity, or remove it',
      '10:3 services.stock: is unreachable: no deploy token and no identity of an accepted issuer has a grant on this service',
    ]);
  });

  test('an empty role, and a deploy token whose grants have no effect', () => {
    const token = (resource: string): string =>
      `{ username: edge, expires: 2027-01-01, secretHash: "sha256:${resource.length === 8 ? 'ab'.repeat(32) : 'cd'.repeat(32)}", grants: [{ service: images, scopes: [read_registry], resources: [${resource}] }] }`;
    const yaml = configuration({
      roles: `
  reader: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }]
  empty: []`,
      identities: '{ payments: { issuer: gitlab, match: { project_id: "20" }, roles: [reader, empty] } }',
      deployTokens: `
  good: ${token('acme/app')}
  bad: ${token('Acme/app:1.2')}`,
      services: `
  orders: { type: http, path: /orders/, upstream: { url: http://orders.internal/ } }
  images: { type: oci, upstream: { url: http://images.internal/ } }`,
    });
    expect(errorsOf(yaml)).toEqual([]);
    expect(warningsOf(yaml).filter((text) => /is empty|allows no request/.test(text))).toEqual([
      expect.stringContaining('roles.empty: is empty: add a grant'),
      expect.stringContaining('deployTokens.bad: allows no request'),
    ]);
  });

  test('a service whose issuers differ from the issuers of its identities', () => {
    const yaml = configuration({
      issuers:
        '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com }, own: { type: oidc, issuer: https://idp.example.com } }',
      services: '{ orders: { type: http, issuers: [own], upstream: { url: http://orders.internal/ } } }',
    });
    expect(warningsOf(yaml)).toEqual([
      expect.stringContaining('roles.reader[0].service: is never used'),
      expect.stringContaining('services.orders: is unreachable'),
    ]);
  });

  test('is not guessed of a configuration that could not be read whole', () => {
    const yaml = configuration({
      services: '{ orders: { type: http, upstream: 5 }, b: { type: http, upstream: { url: http://b/ } } }',
    });
    expect(errorsOf(yaml)).toHaveLength(1);
    expect(warningsOf(yaml)).toEqual([]);
  });
});
