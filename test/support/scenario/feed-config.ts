import { hash } from 'node:crypto';

/** The secret of the deploy token `edge` in `feedConfig`. */
export const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

/** Parts of a configuration for jobs of project 20 (acme/payments) and the deploy token `edge`. */
export interface FeedConfig {
  /** Issuer URL of the GitLab server. */
  readonly gitlab: string;
  /** Grants of identity `ci`, as YAML: a flow sequence, or block lines. */
  readonly grants: string;
  /** The grant of the deploy token, as YAML flow. */
  readonly deployToken: string;
  /** Further identities, as YAML lines indented by two spaces. */
  readonly identities?: string;
  /** Services, as YAML lines indented by two spaces. */
  readonly services: string;
}

/** The configuration that the package and Git clients share: ID tokens, job tokens and a deploy token. */
export function feedConfig(parts: FeedConfig): string {
  const { gitlab, grants, deployToken, identities = '', services } = parts;
  return `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab}", jobTokens: { cache: 300ms } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: ${grants}
${identities}
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [${deployToken}]
services:
${services}`;
}
