import { TENANT } from '../support/issuer-claims.ts';

export const AUDIENCE = 'https://gateway.example.com';
export const APPLICATION = '44444444-5555-4666-8777-888888888888';
export const CLUSTER = 'https://kubernetes.default.svc.cluster.local';
export const V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
export const V1 = `https://sts.windows.net/${TENANT}/`;
export const UPSTREAM_SECRET = 'canary-upstream-key';

/** The headers that nginx writes into its access log. */
export const SEEN = [
  'authorization',
  'job-token',
  'private-token',
  'proxy-authorization',
  'cookie',
  'x-auth-identity',
  'x-auth-subject',
  'x-auth-issuer',
  'x-auth-credential',
  'x-auth-scopes',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-project',
  'x-request-id',
  'x-upstream-key',
];

/** Relative files with the key sets of issuers that are not available on loopback. */
export function mainJobPolicy(provider: string, upstream: string): string {
  return `version: 1
server:
  listen: 127.0.0.1:0
  publicUrl: ${AUDIENCE}
  admin: { listen: 127.0.0.1:0 }
issuers:
  # The provider signs access tokens (RFC 9068), not ID tokens.
  gitlab: { type: gitlab, issuer: "${provider}", tokenTypes: [at+jwt] }
  cluster: { type: kubernetes, issuer: "${CLUSTER}", jwksFile: cluster.json }
  entra: { type: entra, issuer: "${V2}", audiences: ["${APPLICATION}"], jwksFile: entra.json }
identities:
  payments-ci:
    issuer: gitlab
    match: { project_id: "20", ref_protected: true }
    grants: [{ service: orders, scopes: [read_api], resources: ["/v1/{claims.project_path}/**"] }]
  tenants:
    issuer: cluster
    match: { /kubernetes.io/namespace: { in: [payments, billing] } }
    grants:
      - { service: ledger, scopes: [read_api], resources: ["/v1/tenants/{claims./kubernetes.io/namespace}/**"] }
  reader:
    issuer: entra
    match: { oid: 22222222-3333-4444-8555-666666666666, roles: { contains: Packages.Read } }
    grants: [{ service: reports, scopes: [read_api], resources: ["**"] }]
services:
  orders:
    type: http
    path: /orders/
    identityHeaders: { X-Project: "{claims.project_path}" }
    upstream:
      url: ${upstream}/api/
      auth: { header: { name: X-Upstream-Key, value: ${UPSTREAM_SECRET} } }
  ledger: { type: http, path: /ledger/, upstream: { url: "${upstream}/" } }
  reports: { type: http, path: /reports/, upstream: { url: "${upstream}/" } }
`;
}
