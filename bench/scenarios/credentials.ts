import { hash } from 'node:crypto';
import { startGitlab } from '../../test/support/gitlab.ts';
import { startGatehouse } from '../contestants/gatehouse.ts';
import { AUDIENCE } from '../machine/token.ts';
import { measureLanes } from './lanes.ts';
import type { Lane } from './lanes.ts';
import type { Scenario } from './scenario.ts';

const DEPLOY_SECRET = `ghdt_bench_${'7'.repeat(64)}`;
const [GRANTED, OTHER, PUBLIC] = ['/api/v1/orders', '/api/v2/orders', '/api/public/orders'];

/** One gateway, one service, and the credentials and outcomes of its requests. */
export const credentials: Scenario = {
  title: 'credentials and outcomes, cached',
  contestants: ['gatehouse'],
  async run(stage) {
    const gitlab = await startGitlab({ audience: AUDIENCE });
    try {
      const policy = (upstream: string): Readonly<Record<string, string>> => ({
        'policy.yaml': policyText(gitlab.url, gitlab.apiUrl, upstream),
      });
      const server = stage.keep(await startGatehouse(stage.bed, policy));
      const job = gitlab.job();
      const bearer = { authorization: `Bearer ${job.idToken()}` };
      const lane = (name: string, path: string, status: number, headers: Record<string, string>): Lane => {
        return { name, server, path, status, request: () => ({ kind: 'same', headers }) };
      };
      const lanes = [
        lane('ID token', GRANTED, 200, bearer),
        lane('job token', GRANTED, 200, { 'job-token': job.token }),
        lane('deploy token', GRANTED, 200, { 'deploy-token': DEPLOY_SECRET }),
        lane('denied', OTHER, 403, bearer),
        lane('unauthenticated', GRANTED, 401, {}),
        lane('anonymous', PUBLIC, 200, {}),
      ];
      return await measureLanes(lanes, stage);
    } finally {
      await gitlab.close();
    }
  },
};

function policyText(issuer: string, apiUrl: string, upstream: string): string {
  const grants = `[{ service: orders, scopes: [read_api], resources: ["/v1/**"] }]`;
  return `version: 1
issuers:
  gitlab: { type: gitlab, issuer: "${issuer}", apiUrl: "${apiUrl}", audiences: ["${AUDIENCE}"], jobTokens: { cache: 30s } }
identities:
  payments:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: ${grants}
deployTokens:
  bench:
    username: bench
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: ${grants}
services:
  orders:
    type: http
    path: /api/
    upstream: { url: "${upstream}" }
    identityHeaders: { X-Identity: "{identity}" }
    anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]
`;
}
