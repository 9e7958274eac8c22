/** threats.md K11: realistic tokens of each issuer type, and tokens of forks, plans, other jobs and other lifetimes. */
import { describe, expect, test } from 'vitest';
import type { IssuerType } from '../../src/core/issuers/issuer-presets.ts';
import { defaultClaims, TENANT } from '../support/issuer-claims.ts';
import type { SigningAlgorithm } from '../support/issuer-keys.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

type Claims = Readonly<Record<string, unknown>>;

interface Case {
  readonly type: IssuerType;
  readonly issuer: string;
  readonly match: string;
  readonly audience?: string;
  readonly alg?: SigningAlgorithm;
  /** Claims that still match, and claims that do not. */
  readonly accepted?: Readonly<Record<string, Claims>>;
  readonly refused: Readonly<Record<string, Claims>>;
  readonly maxLifetime: number;
}

const STS = 'https://sts.amazonaws.com/';
const sts = (changes: Claims): Claims => ({
  [STS]: { ...(defaultClaims('aws')[STS] as Claims), ...changes },
});
const engine = (changes: Claims): Claims => {
  const { compute_engine: instance } = defaultClaims('google')['google'] as { compute_engine: Claims };
  return { google: { compute_engine: { ...instance, ...changes } } };
};
const circle = (name: string, value: unknown): Claims => ({ [`oidc.circleci.com/${name}`]: value });

const CASES: readonly Case[] = [
  {
    type: 'aws',
    issuer: `https://${TENANT}.tokens.sts.global.api.aws`,
    alg: 'ES384',
    match:
      '"/https:~1~1sts.amazonaws.com~1/principal_id": "arn:aws:iam::123456789012:role/DataProcessingRole"',
    accepted: {
      'the documented ou_path, a string': sts({ ou_path: 'o-a1b2c3d4e5/r-ab12/' }),
      'SubjectMode=AWSIdentity': { subject_mode: 'AWSIdentity' },
    },
    refused: {
      'the subject of another identity provider': { sub: 'ana', subject_mode: 'OriginIdentity' },
      'that subject, with the mode in the claim of AWS': sts({ subject_mode: 'OriginIdentity' }),
      'an unknown mode': { subject_mode: 'Other' },
      'a mode that is a list': { subject_mode: ['AWSIdentity'] },
      'a tag with the name of the claim': sts({
        principal_id: 'arn:aws:iam::123456789012:role/Other',
        request_tags: { principal_id: 'arn:aws:iam::123456789012:role/DataProcessingRole' },
      }),
      'a claim without the namespace': {
        [STS]: undefined,
        principal_id: 'arn:aws:iam::123456789012:role/DataProcessingRole',
      },
    },
    maxLifetime: 3_600,
  },
  {
    type: 'google',
    issuer: 'https://accounts.google.com',
    match: 'sub: "107517467455664443765", "/google/compute_engine/project_number": "739419398126"',
    refused: {
      'a recreated account with the same email': { sub: '107517467455664449999' },
      'an unverified email': { email_verified: false },
      'a verification that is a list': { email_verified: [true] },
      'another project': engine({ project_number: 5 }),
      'a project with the number of ours as its name': engine({
        project_number: 5,
        project_id: '739419398126',
      }),
      'a token without format=full': { google: undefined },
    },
    maxLifetime: 3_600,
  },
  {
    type: 'azure-devops',
    issuer: `https://vstoken.dev.azure.com/${TENANT}`,
    audience: 'api://AzureADTokenExchange',
    match: 'prj_id: 5c2f4a5e-4d1c-4ab0-9a0e-0b6c4b9f0002, def_id: "7", rpo_ref: refs/heads/main',
    refused: {
      'a pull request': { rpo_ref: 'refs/pull/7/merge' },
      'another pipeline with the same name': { def_id: '8' },
    },
    maxLifetime: 3_600,
  },
  {
    type: 'azure-devops',
    issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    audience: 'api://AzureADTokenExchange',
    match: `sub: /eid1/c/pub/t/AAAA/a/BBBB/sc/${TENANT}/${TENANT}`,
    refused: {
      'a token of an application': { sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ' },
      'another service connection': {
        sub: `/eid1/c/pub/t/AAAA/a/BBBB/sc/${TENANT}/00000000-2222-4333-8444-555555555555`,
      },
    },
    maxLifetime: 3_600,
  },
  {
    type: 'circleci',
    issuer: `https://oidc.circleci.com/org/${TENANT}`,
    match: `"oidc.circleci.com/project-id": 76feb2d7-8b1d-4b4a-9f0e-0c8a5d9b2f11, oidc.circleci.com/vcs-origin: github.com/acme/payments`,
    refused: {
      'a fork': circle('vcs-origin', 'github.com/mallory/payments'),
      'a rerun with SSH': circle('ssh-rerun', true),
      'no statement about SSH': circle('ssh-rerun', undefined),
      'a custom webhook': circle('vcs-origin', undefined),
      'another project': circle('project-id', '00000000-8b1d-4b4a-9f0e-0c8a5d9b2f11'),
    },
    maxLifetime: 3_600,
  },
  {
    type: 'buildkite',
    issuer: 'https://agent.buildkite.com',
    match:
      'organization_id: f02d6a6f-7a0e-481d-9d6d-89b427aec48d, pipeline_id: 0184990a-477b-4fa8-9968-496074483cee, build_branch: main, build_source: { in: [webhook, schedule] }',
    refused: {
      'a build of the API with the name of the branch': { build_source: 'api' },
      'the branch of a fork': { build_branch: 'mallory:main' },
      'another organization with the same slug': { organization_id: '00000000-7a0e-481d-9d6d-89b427aec48d' },
      'a token without --claim': { organization_id: undefined, pipeline_id: undefined },
    },
    maxLifetime: 86_400,
  },
  {
    type: 'bitbucket',
    issuer: 'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
    match:
      'repositoryUuid: "{c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0001}", deploymentEnvironmentUuid: "{c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0006}"',
    accepted: { 'an older token without branchName': { branchName: undefined } },
    refused: {
      'a fork, which runs in its own repository': {
        repositoryUuid: '{00000000-4b1d-4c55-8f3a-0b6c4b9f0001}',
      },
      'a step outside the environment': { deploymentEnvironmentUuid: undefined },
      'a UUID without braces': { repositoryUuid: 'c8f4e3a1-4b1d-4c55-8f3a-0b6c4b9f0001' },
    },
    maxLifetime: 86_400,
  },
  {
    type: 'hcp-terraform',
    issuer: 'https://app.terraform.io',
    match: 'terraform_organization_id: org-GRNbCjYNpBB6NEBH, terraform_workspace_id: ws-mbsd5E3Ktt5Rg2Xm',
    refused: {
      'a plan': { terraform_run_phase: 'plan' },
      'a module test': {
        sub: 'organization:my-org:module:m:operation:test_run',
        terraform_run_phase: undefined,
        terraform_workspace_id: undefined,
      },
      'a new workspace with the same name': { terraform_workspace_id: 'ws-0000000000000000' },
    },
    maxLifetime: 86_400,
  },
];

const startCase = async (
  each: Case,
): Promise<{
  readonly jobs: TestIssuer;
  /** The status and the body of the response. */
  readonly send: (token: string) => Promise<readonly [number, string]>;
}> => {
  const { type, issuer, match, audience = 'https://gateway.example.com', alg } = each;
  const scenario = await startScenario({
    backends: {
      jobs: () => startIssuer({ type, issuer, audience, ...(alg && { alg }) }),
      upstream: () => startRecordingUpstream(),
    },
    config: ({ jobs, upstream }) => `
issuers:
  jobs: { type: ${type}, issuer: "${jobs.url}", jwksUri: "${jobs.jwksUri}", audiences: ["${audience}"] }
identities: { job: { issuer: jobs, match: { ${match} }, roles: [reader] } }
roles: { reader: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
`,
    server: { limits: 'authFailures: { perAddress: 1000 }' },
  });
  return {
    jobs: scenario.jobs,
    send: async (token) => {
      scenario.upstream.reset();
      const { status, body } = await scenario.respond('GET /api/x', [`Authorization: Bearer ${token}`]);
      if (status !== 200) expect(scenario.upstream.bytes()).toBe('');
      return [status, body];
    },
  };
};

const outcome = ([status, body]: readonly [number, string]): string =>
  status === 200 ? '200' : `${status} ${String((JSON.parse(body) as { error: unknown }).error)}`;

describe.each(CASES)('K11 $type, $issuer', (each) => {
  const { issuer, maxLifetime } = each;
  const subject = issuer.startsWith('https://login.')
    ? { sub: `/eid1/c/pub/t/AAAA/a/BBBB/sc/${TENANT}/${TENANT}`, tid: TENANT }
    : {};

  test('the documented token is accepted, others are not', async () => {
    const { jobs, send } = await startCase(each);
    const ask = async (token: string): Promise<string> => outcome(await send(token));
    expect(await ask(jobs.mint(subject))).toBe('200');
    for (const [name, claims] of Object.entries(each.accepted ?? {}))
      expect([name, await ask(jobs.mint({ ...subject, ...claims }))]).toEqual([name, '200']);
    for (const [name, claims] of Object.entries(each.refused))
      expect([name, await ask(jobs.mint({ ...subject, ...claims }))]).toEqual([
        name,
        '403 no_matching_identity',
      ]);
    expect(await ask(jobs.mint({ ...subject, aud: 'https://other.example.com' }))).toBe(
      '401 audience_mismatch',
    );
    expect(await ask(jobs.mint({ ...subject, iss: `${issuer}/` }))).toBe('401 issuer_unknown');
    expect(await ask(jobs.mint(subject, { lifetime: maxLifetime }))).toBe('200');
    expect(await ask(jobs.mint(subject, { lifetime: maxLifetime + 1 }))).toBe('401 credential_invalid');
  });
});

test('K11 Buildkite: the denial of a token without ids tells how to request them', async () => {
  const buildkite = CASES.find(({ type }) => type === 'buildkite');
  if (buildkite === undefined) throw new Error('no case for Buildkite');
  const { jobs, send } = await startCase(buildkite);
  const [status, body] = await send(jobs.mint({ organization_id: undefined, pipeline_id: undefined }));
  expect(status).toBe(403);
  expect(body).toContain(
    'does not contain organization_id and pipeline_id: add this to the option --claim of',
  );
  const [, other] = await send(jobs.mint({ build_branch: 'other' }));
  expect(other).not.toContain('--claim');
});

test('K11 Azure Pipelines: a tenant other than the one of the issuer', async () => {
  const entra = CASES.find(({ issuer }) => issuer.startsWith('https://login.'));
  if (entra === undefined) throw new Error('no case for Entra');
  const { jobs, send } = await startCase(entra);
  const sub = `/eid1/c/pub/t/AAAA/a/BBBB/sc/${TENANT}/${TENANT}`;
  expect(outcome(await send(jobs.mint({ sub, tid: TENANT })))).toBe('200');
  const foreign = jobs.mint({ sub, tid: '99999999-2222-4333-8444-555555555555' });
  expect(outcome(await send(foreign))).toBe('401 credential_invalid');
});
