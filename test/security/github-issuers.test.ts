/** threats.md K11: tokens of GitHub with the issuers, subjects and workflows of its documentation. */
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const ISSUERS = [
  'https://token.actions.githubusercontent.com',
  'https://token.actions.githubusercontent.com/octo-enterprise',
  'https://token.actions.acme.ghe.com',
  'https://token.actions.acme.ghe.com/acme',
  'https://github.example.com/_services/token',
];

const WORKFLOW = 'octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main';
const CLAIMS = {
  sub: 'repo:octo-org@65/octo-repo@74:environment:prod',
  environment: 'prod',
  repository_id: '74',
  repository_owner_id: '65',
  enterprise_id: '9',
  job_workflow_ref: WORKFLOW,
  job_workflow_sha: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
};

async function startGithub(issuer: string, match: string) {
  const scenario = await startScenario({
    backends: {
      github: () => startIssuer({ type: 'github', issuer }),
      upstream: () => startRecordingUpstream(),
    },
    config: ({ github, upstream }) => `
issuers:
  github: { type: github, issuer: "${github.url}", jwksUri: "${github.jwksUri}" }
identities: { job: { issuer: github, match: { ${match} }, roles: [reader] } }
roles: { reader: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
`,
  });
  return async (claims: Readonly<Record<string, unknown>>): Promise<number> => {
    const token = scenario.github.mint({ ...CLAIMS, ...claims });
    return (await scenario.respond('GET /api/x', [`Authorization: Bearer ${token}`])).status;
  };
}

test.each(ISSUERS)('K11 an enterprise of %s', async (issuer) => {
  const ask = await startGithub(issuer, 'enterprise_id: "9"');
  expect(await ask({})).toBe(200);
  expect(await ask({ enterprise_id: '10', enterprise: '9' })).toBe(403);
  expect(await ask({ iss: 'https://token.actions.githubusercontent.com/other' })).toBe(401);
});

describe('K11 GitHub', () => {
  const [issuer = ''] = ISSUERS;

  test('a subject with ids', async () => {
    const ask = await startGithub(issuer, 'sub: "repo:octo-org@65/octo-repo@74:environment:prod"');
    expect(await ask({})).toBe(200);
    for (const sub of [
      'repo:octo-org/octo-repo:environment:prod',
      'repo:octo-org@65/octo-repo@75:environment:prod',
      'repo:octo-org@65/octo-repo@74:ref:refs/heads/main',
      'repo:octo-org@65/octo-repo@74:environment:prod%3Aenvironment:prod',
    ])
      expect(await ask({ sub })).toBe(403);
    expect(await ask({ event_name: 'pull_request_target' })).toBe(403);
  });

  test('a reusable workflow at a commit', async () => {
    const match = `repository_owner_id: "65", job_workflow_ref: "${WORKFLOW}", job_workflow_sha: ${CLAIMS.job_workflow_sha}`;
    const ask = await startGithub(issuer, match);
    expect(await ask({ repository_id: '80' })).toBe(200);
    expect(await ask({ job_workflow_sha: '0000000000000000000000000000000000000000' })).toBe(403);
    expect(await ask({ job_workflow_ref: WORKFLOW.replace('main', 'feature') })).toBe(403);
    expect(await ask({ repository_owner_id: '66' })).toBe(403);
  });

  test('an environment of a repository', async () => {
    const ask = await startGithub(issuer, 'repository_id: "74", environment: prod');
    expect(await ask({ repository: 'octo-org/renamed' })).toBe(200);
    expect(await ask({ environment: undefined })).toBe(403);
  });
});
