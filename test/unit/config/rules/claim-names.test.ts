import { describe, expect, test } from 'vitest';
import { ISSUER_PRESETS, ISSUER_TYPES } from '../../../../src/core/issuers/issuer-presets.ts';
import { isDocumentedClaim } from '../../../../src/core/issuers/issuer-claims.ts';
import { defaultClaims } from '../../../support/issuer-claims.ts';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const ISSUERS = `{
  gitlab: { type: gitlab, issuer: https://gitlab.example.com },
  github: { type: github, issuer: https://token.actions.githubusercontent.com },
  cluster: { type: kubernetes, issuer: https://cluster.example.com },
  entra: { type: entra, issuer: https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/v2.0 },
  idp: { type: oidc, issuer: https://idp.example.com } }`;

const policy = (issuer: string, match: string, resource = '/v1/**'): string =>
  configuration({
    issuers: ISSUERS,
    identities: `{ ci: { issuer: ${issuer}, match: { ${match} }, roles: [reader] } }`,
    roles: `{ reader: [{ service: orders, scopes: [read_api], resources: ["${resource}"] }] }`,
  });

const documented = (yaml: string): string[] =>
  warningsOf(yaml).filter((text) => text.includes('is not a documented claim'));

describe('a claim that tokens of the issuer do not have', () => {
  test.each([
    ['gitlab', 'project_id: 20, ref_protcted: true', 'did you mean "ref_protected"?'],
    ['gitlab', 'project_id: 20, "/ref_protcted": true', 'did you mean "ref_protected"?'],
    ['gitlab', 'project_id: 20, cost_center: a', 'unless the issuer is set up to add this claim'],
    ['github', 'repository_id: 20, repositry: a/b', 'did you mean "repository"?'],
    [
      'cluster',
      '"/kubernetes.io/serviceacount/name": a',
      'did you mean "/kubernetes.io/serviceaccount/name"?',
    ],
    ['entra', 'oid: 00000000-1111-2222-3333-444444444444, idtype: app', 'did you mean "idtyp"?'],
  ])('%s, %s', (issuer, match, fix) => {
    expect(errorsOf(policy(issuer, match))).toEqual([]);
    expect(documented(policy(issuer, match))).toEqual([expect.stringContaining(fix)]);
  });

  test('in a resource of a role, of an identity and in an identity header', () => {
    const typo = '{claims.project_paht}';
    expect(documented(policy('gitlab', 'project_id: 20', `/v1/${typo}/**`))).toEqual([
      expect.stringMatching(/^10:\d+ roles\.reader\[0\]\.resources\[0\]: .*did you mean "project_path"\?/),
    ]);
    const yaml = configuration({
      identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: orders, scopes: [read_api], resources: ["/${typo}/**"] }] } }`,
      roles: '{}',
      services: `{ orders: { type: http, upstream: { url: http://a/ }, identityHeaders: { X-Project: "${typo}" } } }`,
    });
    expect(documented(yaml)).toEqual([
      expect.stringContaining('identities.ci.grants[0].resources[0]: '),
      expect.stringContaining('services.orders.identityHeaders.X-Project: '),
    ]);
  });

  test('in the path of a secret in a vault', () => {
    const vault = `vault: { address: https://v, auth: { tokenFile: jwt }, field: a, path: "ci/{claims.project_paht}" }`;
    const warned = (auth: string): string[] =>
      warningsOf(
        configuration({
          services: `{ orders: { type: http, upstream: { url: http://a/, auth: { ${auth} } } } }`,
        }),
        {},
        { jwt: 'x' },
      ).filter((text) => text.includes('is not a documented claim'));
    const path = 'services.orders.upstream.auth';
    expect(warned(vault)).toEqual([expect.stringContaining(`${path}.vault.path: `)]);
    expect(warned(`perIdentity: { payments: { ${vault} } }`)).toEqual([
      expect.stringContaining(`${path}.perIdentity.payments.vault.path: `),
    ]);
  });

  test('a role of two issuer types may use the claims of either', () => {
    const yaml = configuration({
      issuers: ISSUERS,
      identities:
        '{ a: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] }, b: { issuer: github, match: { repository_id: "20" }, roles: [reader] } }',
      roles:
        '{ reader: [{ service: orders, scopes: [read_api], resources: ["/{claims.project_path}/**", "/{claims.repository}/**"] }] }',
    });
    expect(documented(yaml)).toEqual([]);
  });

  test.each([
    ['github', 'repository_id: 20, repo_property_tier: a'],
    ['entra', 'oid: 00000000-1111-2222-3333-444444444444, extension_1_tier: a'],
    ['idp', 'anything: a'],
    ['gitlab', 'project_id: 20, "/user_identities/0/provider": a'],
  ])('%s, %s: custom and nested claims pass', (issuer, match) => {
    expect(documented(policy(issuer, match))).toEqual([]);
  });
});

test.each(ISSUER_TYPES)('%s: the claims of its tokens and of its preset are documented', (type) => {
  const { immutableIds, pathClaims, holder, trace } = ISSUER_PRESETS[type];
  const names = [...Object.keys(defaultClaims(type)), ...immutableIds, ...pathClaims, ...holder];
  for (const name of [...names, ...Object.values(trace)])
    expect([name, isDocumentedClaim(type, name)]).toEqual([name, true]);
});
