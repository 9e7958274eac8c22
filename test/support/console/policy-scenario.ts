import { startIssuer } from '../issuer.ts';
import { startRecordingUpstream } from '../recording-upstream.ts';
import { startScenario } from '../scenario.ts';
import { ADMIN_TOKEN } from './ask-console.ts';

/** Texts that would be markup if a page did not escape them. */
export const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>';

export interface PolicyScenarioOptions {
  /** Keys of `server.admin`. */
  readonly admin?: string;
  /** `server.publicUrl`. */
  readonly publicUrl?: string;
  /** Further top-level keys of the configuration, as YAML. */
  readonly more?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A gateway with several services and identities, for the pages of decisions and of the policy. */
export function startPolicyScenario(options: PolicyScenarioOptions = {}) {
  const { admin, publicUrl, more = '', files = {} } = options;
  return startScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint(),
    files: { 'admin-token': `${ADMIN_TOKEN}\n`, ...files },
    server: { ...(admin !== undefined && { admin }), ...(publicUrl !== undefined && { publicUrl }) },
    config: ({ issuer, upstream }) => `${policyYaml(issuer.url, upstream.url)}\n${more}`,
  });
}

/** The configuration below `server`. `scopes`: of the identity payments on orders. */
export function policyYaml(issuer: string, upstream: string, scopes = 'read_api'): string {
  return `issuers: { gitlab: { type: gitlab, issuer: "${issuer}" } }
identities:
  release:
    issuer: gitlab
    match: { project_id: "20", ref: release }
    grants: [{ service: registry, scopes: [write_registry], resources: ["acme/payments/**"] }]
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [${scopes}], resources: ["/v1/**"] }
      - { service: registry, scopes: [read_registry], resources: ["acme/base/**", "{claims.project_path}/**"] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${'ab'.repeat(32)}"
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/base/alpine"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream}/" } }
  registry: { type: oci, hosts: [registry.example.com], upstream: { url: "${upstream}/" } }
  public: { type: generic, path: /public/, upstream: { url: "${upstream}/" }, anonymous: [{ scopes: [read_package_registry], resources: ["**"] }] }`;
}
