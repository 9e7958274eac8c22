/** `check --online` and `explain` of an issuer with `liveness`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandLine } from '../support/command-line.ts';
import type { IssuerType } from '../../src/core/issuers/issuer-presets.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import type { TestApi } from '../support/liveness/api-server.ts';
import { startGithubJobsApi, type GithubJobsApi } from '../support/liveness/github-jobs-api.ts';
import { startGitlabJobsApi, type GitlabJobsApi } from '../support/liveness/gitlab-jobs-api.ts';
import { startKubernetesApi, type KubernetesApi } from '../support/liveness/kubernetes-api.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-liveness-'));
let issuer: TestIssuer;
let upstream: RecordingUpstream;
let gitlab: GitlabJobsApi;
let github: GithubJobsApi;
let kubernetes: KubernetesApi;

beforeAll(async () => {
  [issuer, upstream, gitlab, github, kubernetes] = await Promise.all([
    startIssuer(),
    startRecordingUpstream(),
    startGitlabJobsApi(),
    startGithubJobsApi(),
    startKubernetesApi(),
  ]);
});
afterAll(async () => {
  await Promise.all([issuer, upstream, gitlab, github, kubernetes].map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

function configured(type: IssuerType, api: TestApi, token: string = api.token): string {
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  writeFileSync(
    file,
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com }
state: { sqlite: { file: "${join(folder, 'gatehouse.db')}" } }
issuers:
  ci: { type: ${type}, issuer: "${issuer.url}", jwksUri: "${issuer.jwksUri}", liveness: { apiUrl: "${api.url}", tokenFile: token } }
identities:
  payments:
    issuer: ci
    allowMutableNames: true
    match: { sub: "project_path:acme/payments:ref_type:branch:ref:main" }
    grants: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  );
  return file;
}

const online = (file: string) => commandLine(['check', '--config', file, '--online']);

describe('check --online', () => {
  test('GitLab', async () => {
    expect((await online(configured('gitlab', gitlab))).stdout).toContain(
      'ok: issuers.ci.liveness: GitLab accepts the token of tokenFile\n',
    );
    const { code, stdout, stderr } = await online(configured('gitlab', gitlab, 'another-token'));
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain(
      'error: issuers.ci.liveness: GitLab returned 401: it refuses the token of tokenFile\n',
    );
    expect(stdout).not.toContain('another-token');
  });

  test('GitHub, with the rate limit', async () => {
    expect((await online(configured('github', github))).stdout).toContain(
      'ok: issuers.ci.liveness: GitHub accepts the token of tokenFile; 4999 of 5000 requests an hour remain\n',
    );
  });

  test('Kubernetes, with each right', async () => {
    const file = configured('kubernetes', kubernetes);
    expect((await online(file)).stdout).toContain(
      'ok: issuers.ci.liveness: may create tokenreviews; may get pods\n',
    );
    kubernetes.rights = ['create tokenreviews'];
    const limited = await online(file);
    expect(limited).toExitWith(0);
    expect(limited.stdout).toContain(
      'warning: issuers.ci.liveness: may not get pods in all namespaces: tokens of pods in others get 503\n',
    );
    kubernetes.rights = [];
    const refused = await online(file);
    expect(refused).toExitWith(1);
    expect(refused.stdout).toContain(
      'error: issuers.ci.liveness: may not create tokenreviews in all namespaces',
    );
  });
});

test('explain asks whether the job of an allowed token runs', async () => {
  const file = configured('gitlab', gitlab);
  const tokenFile = join(folder, 'job.jwt');
  writeFileSync(tokenFile, issuer.mint());
  const explain = async (path: string): Promise<string> => {
    const url = `https://gateway.example.com/orders/${path}`;
    const args = ['explain', '--config', file, '--token-file', tokenFile, '--url', url];
    return (await commandLine(args)).stdout;
  };
  gitlab.jobs.set('20/4242', { status: 'running', pipeline: 1212 });
  expect(await explain('v1/x')).toContain('allow');
  gitlab.jobs.set('20/4242', { status: 'failed', pipeline: 1212 });
  expect(await explain('v1/x')).toContain(
    'refused (authenticate): job_not_running: job 4242 has status "failed"',
  );
  const { length } = gitlab.requests;
  expect(await explain('v2/x')).toContain('resource_not_granted');
  expect(gitlab.requests).toHaveLength(length);
});
