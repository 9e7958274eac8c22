import { describe, expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const ID = '00000000-1111-2222-3333-444444444444';
const AUDIENCE = 'audiences: [api://AzureADTokenExchange], replay: once';
const ISSUERS = `
  gitlab: { type: gitlab, issuer: https://gitlab.example.com }
  aws: { type: aws, issuer: https://${ID}.tokens.sts.global.api.aws }
  google: { type: google, issuer: https://accounts.google.com }
  azure: { type: azure-devops, issuer: https://vstoken.dev.azure.com/${ID}, ${AUDIENCE} }
  entra: { type: entra, issuer: https://sts.windows.net/${ID}/ }
  circleci: { type: circleci, issuer: https://oidc.circleci.com/org/${ID} }
  buildkite: { type: buildkite, issuer: https://agent.buildkite.com }
  bitbucket: { type: bitbucket, issuer: https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc }
  terraform: { type: hcp-terraform, issuer: https://app.terraform.io }
`;

const identity = (issuer: string, match: string, more = ''): string =>
  configuration({
    issuers: ISSUERS,
    identities: `{ someone: { issuer: ${issuer}, match: { ${match} }, roles: [reader]${more} } }`,
  });
const issuer = (entry: string): string =>
  configuration({ issuers: `{ x: ${entry} }`, identities: '{}', roles: '{}' });

const CONNECTION = `/eid1/c/pub/t/AAAA/a/BBBB/sc/${ID}/${ID}`;
const PROJECT = `oidc.circleci.com/project-id: ${ID}`;
const ORIGIN = 'oidc.circleci.com/vcs-origin: github.com/acme/shop';

describe('an identity binds an immutable id', () => {
  test.each([
    ['aws', 'sub: "arn:aws:iam::123456789012:role/Deployer"'],
    ['google', 'sub: "107517467455664443765"'],
    ['google', '"/google/compute_engine/project_number": "739419398126"'],
    ['azure', 'def_id: "7", rpo_ref: refs/heads/main'],
    ['azure', `sub: ${CONNECTION}`],
    ['entra', `sub: ${CONNECTION}`],
    ['circleci', `${PROJECT}, ${ORIGIN}`],
    ['circleci', `"/oidc.circleci.com~1project-id": ${ID}, ${ORIGIN}`],
    ['circleci', `oidc.circleci.com/context-ids: { contains: ${ID} }, ${ORIGIN}`],
    ['buildkite', `organization_id: ${ID}`],
    ['bitbucket', `repositoryUuid: "{${ID}}"`],
    ['terraform', 'terraform_workspace_id: ws-mbsd5E3Ktt5Rg2Xm'],
  ])('%s: %s', (name, match) => {
    expect(errorsOf(identity(name, match))).toEqual([]);
    expect(warningsOf(identity(name, match))).toEqual([]);
  });

  test.each([
    ['google', 'email: a@example.com', 'must bind sub or /google/compute_engine/project_number'],
    ['google', 'sub: { glob: "1*" }', 'must bind sub with equals or in'],
    ['azure', 'sub: p://acme/shop/deploy', 'must bind def_id or prj_id or org_id'],
    ['azure', `sub: { glob: "/eid1/c/pub/t/**" }`, 'must bind def_id'],
    ['circleci', ORIGIN, 'must bind oidc.circleci.com/project-id'],
    ['buildkite', 'organization_slug: acme', 'must bind organization_id or pipeline_id'],
    ['buildkite', 'pipeline_slug: shop', 'must bind organization_id or pipeline_id'],
    ['bitbucket', 'branchName: main', 'must bind repositoryUuid'],
    ['terraform', 'terraform_workspace_name: shop', 'must bind terraform_workspace_id'],
  ])('%s: %s is refused', (name, match, message) => {
    expect(errorsOf(identity(name, match))).toEqual([
      expect.stringContaining(`identities.someone.match: ${message}`),
    ]);
  });

  test.each([
    ['google', 'sub: a@example.com', 'must be the numeric id'],
    ['azure', 'prj_id: shop, rpo_ref: refs/heads/main', 'must be the number of a pipeline'],
    ['circleci', `oidc.circleci.com/project-id: shop, ${ORIGIN}`, 'must be a lowercase UUID'],
    ['circleci', `${PROJECT}, ${ORIGIN}, oidc.circleci.com/context-ids: ${ID}`, 'is a list in the token'],
    ['buildkite', 'organization_id: acme', 'must be a lowercase UUID, not a slug'],
    ['bitbucket', `repositoryUuid: ${ID}`, 'must be a lowercase UUID in braces'],
    ['terraform', 'terraform_workspace_id: shop', 'must be an id such as'],
  ])('%s: %s is no id', (name, match, message) => {
    expect(errorsOf(identity(name, match))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['buildkite', 'build_branch: main, build_source: webhook'],
    ['buildkite', '"agent_tag:queue": default'],
    ['terraform', 'terraform_run_phase: apply'],
    ['google', 'email_verified: "true"'],
  ])('%s: %s matches the tokens of anyone', (name, match) => {
    expect(errorsOf(identity(name, match, ', allowMutableNames: true'))).toEqual([
      expect.stringContaining(`matches every token of "${name}"`),
    ]);
  });
});

describe('conditions on claims that prove little', () => {
  const STS = '/https:~1~1sts.amazonaws.com~1';
  test.each([
    ['aws', `"${STS}/request_tags/team": a`, 'is chosen by the caller of GetWebIdentityToken'],
    ['aws', 'scope: deploy', 'is chosen by the caller of GetWebIdentityToken'],
    ['circleci', PROJECT, 'also matches builds of forks'],
    ['circleci', `${PROJECT}, oidc.circleci.com/vcs-origin: { glob: "**" }`, 'also matches builds of forks'],
    ['circleci', `"/oidc.circleci.com~1project-id": ${ID}`, 'also matches builds of forks'],
    ['circleci', `${PROJECT}, ${ORIGIN}, "/oidc.circleci.com~1ssh-rerun": { glob: "*" }`, 'accepts true, '],
    ['bitbucket', `repositoryUuid: "{${ID}}", sub: { glob: "{${ID}}:*" }`, 'contains the UUID of the step'],
    ['terraform', 'terraform_workspace_id: ws-1, terraform_run_phase: { glob: "*" }', 'accepts plan, '],
  ])('%s: %s is an error', (name, match, message) => {
    expect(errorsOf(identity(name, match))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['aws', `"${STS}/principal_tags/team": a`, 'contains session tags'],
    ['azure', 'def_id: "7"', 'also matches builds of pull requests'],
    ['buildkite', `organization_id: ${ID}, build_branch: main`, 'is free text'],
    ['buildkite', `organization_id: ${ID}, sub: { glob: "organization:acme:**" }`, 'contains slugs'],
    ['bitbucket', `repositoryUuid: "{${ID}}", branchName: main`, 'restricts only who can push'],
  ])('%s: %s is a warning', (name, match, message) => {
    expect(errorsOf(identity(name, match))).toEqual([]);
    expect(warningsOf(identity(name, match))).toEqual([expect.stringContaining(message)]);
  });

  test('an identity that accepts SSH reruns covers one that does not', () => {
    const two = (first: string, second: string): string =>
      configuration({
        issuers: ISSUERS,
        identities: `
  a: { issuer: circleci, match: { ${PROJECT}, ${ORIGIN}${first} }, roles: [reader] }
  b: { issuer: circleci, match: { ${PROJECT}, ${ORIGIN}${second} }, grants: [] }`,
      });
    const SSH = ', oidc.circleci.com/ssh-rerun: { in: ["true", "false"] }';
    expect(errorsOf(two('', ''))).toEqual([expect.stringContaining('identities.b: is unreachable')]);
    expect(errorsOf(two('', SSH))).toEqual([]);
  });
});

describe('the issuer', () => {
  test.each([
    ['{ type: google, issuer: https://accounts.google.com/ }', 'must be https://accounts.google.com'],
    [
      `{ type: circleci, issuer: https://oidc.circleci.com/org/acme }`,
      'must be https://oidc.circleci.com/org/UUID',
    ],
    [
      '{ type: bitbucket, issuer: https://api.bitbucket.org/2.0/workspaces/acme }',
      'must be https://api.bitbucket.org',
    ],
    [
      '{ type: azure-devops, issuer: https://dev.azure.com/acme, audiences: [api://AzureADTokenExchange] }',
      'must be https://vstoken.dev.azure.com/ORGANIZATION',
    ],
    [
      `{ type: azure-devops, issuer: https://vstoken.dev.azure.com/${ID} }`,
      'write audiences: [api://AzureADTokenExchange]',
    ],
    [
      `{ type: azure-devops, issuer: https://vstoken.dev.azure.com/${ID}, audiences: [https://gateway.example.com] }`,
      'have no other audience than',
    ],
    [
      `{ type: aws, issuer: https://${ID}.tokens.sts.global.api.aws, algorithms: [ES256] }`,
      'is not an algorithm of aws issuers',
    ],
    ['{ type: spiffe, issuer: spiffe://Example.org, jwksFile: keys.json }', 'must be spiffe://TRUST-DOMAIN'],
    ['{ type: spiffe, issuer: https://example.org, jwksFile: keys.json }', 'must be spiffe://TRUST-DOMAIN'],
    ['{ type: spiffe, issuer: spiffe://example.org }', 'needs jwksUri, the URL of the bundle endpoint'],
    ['{ type: spiffe, issuer: spiffe://example.org, jwksUri: http://spire.example.org }', 'must be https'],
    [
      '{ type: spiffe, issuer: spiffe://example.org, jwksUri: https://x.example.org, tokenTypes: [at+jwt] }',
      'has no effect: JWT-SVIDs',
    ],
    ['{ type: oidc, issuer: spiffe://example.org }', 'write type: spiffe'],
    ['{ type: oidc, issuer: spiffe://example.org/path }', 'must be an absolute http(s) URL'],
  ])('%s is refused', (entry, message) => {
    expect(errorsOf(issuer(entry), {}, { 'keys.json': '{}' })).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    [`{ type: aws, issuer: https://${ID}.tokens.sts.global.api.aws/ }`, 'in a trailing slash'],
    [
      `{ type: azure-devops, issuer: https://vstoken.dev.azure.com/${ID}, audiences: [api://AzureADTokenExchange] }`,
      'Microsoft Entra accepts tokens with this audience too',
    ],
    [
      '{ type: buildkite, issuer: https://agent.buildkite.com, audiences: [https://buildkite.com/acme] }',
      'for which a job requests none',
    ],
    [
      `{ type: circleci, issuer: https://oidc.circleci.com/org/${ID}, audiences: [${ID}] }`,
      'for which a job requests none',
    ],
    [
      '{ type: bitbucket, issuer: https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc, audiences: ["ari:cloud:bitbucket::workspace/1"] }',
      'for which a job requests none',
    ],
  ])('%s is a warning', (entry, message) => {
    expect(errorsOf(issuer(entry))).toEqual([]);
    expect(warningsOf(issuer(entry))).toContainEqual(expect.stringContaining(message));
  });

  test.each([
    ['gcp', 'google'],
    ['circle', 'circleci'],
    ['terraform-cloud', 'hcp-terraform'],
    ['azure-pipelines', 'azure-devops'],
  ])('type %s is a name of %s', (alias, type) => {
    expect(errorsOf(issuer(`{ type: ${alias}, issuer: https://x.example.com }`))).toEqual([
      expect.stringMatching(new RegExp(`for this, write ${type}$`)),
    ]);
  });

  test.each([
    ['jwksUri', 'jwksUri: https://spire.example.org/'],
    ['jwksFile', 'jwksFile: keys.json'],
  ])('two trust domains with one bundle are refused: %s', (key, bundle) => {
    const entry = (domain: string): string => `{ type: spiffe, issuer: spiffe://${domain}, ${bundle} }`;
    const text = configuration({
      issuers: `{ a: ${entry('a.example.org')}, b: ${entry('b.example.org')} }`,
      identities: '{}',
      roles: '{}',
    });
    const found = errorsOf(text, {}, { 'keys.json': '{}' });
    expect(found).toEqual([expect.stringContaining(`issuers.b.${key}: is the bundle of "a" too`)]);
  });

  test('of a tenant has one entry', () => {
    const url = `https://login.microsoftonline.com/${ID}/v2.0`;
    const both = `{ a: { type: entra, issuer: "${url}" }, b: { type: azure-devops, issuer: "${url}", ${AUDIENCE} } }`;
    expect(errorsOf(configuration({ issuers: both, identities: '{}', roles: '{}' }))).toEqual([
      expect.stringContaining('issuers.b.issuer: is the issuer of "a" too'),
    ]);
  });
});
