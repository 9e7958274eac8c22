import type { Claims, VerifiedCredential } from '../../../src/core/credentials/credential.ts';
import type { Operation } from '../../../src/core/request/operation.ts';
import type { PolicySettings } from '../../../src/policy/index.ts';

type Identity = PolicySettings['identities'][number];
type Service = PolicySettings['services'][number];

export function credential(claims: Claims, overrides: Partial<VerifiedCredential> = {}): VerifiedCredential {
  return {
    class: 'id_token',
    issuer: 'gitlab',
    issuerUrl: 'https://gitlab.example.com',
    subject: 'project_path:acme/payments:ref_type:branch:ref:main',
    jti: 'jti-1',
    tokenHash: 'ab'.repeat(32),
    expiresAt: 4_000_000_000_000,
    claims,
    ...overrides,
  };
}

export function identity(name: string, overrides: Partial<Identity> = {}): Identity {
  return {
    name,
    issuer: 'gitlab',
    via: ['id_token'],
    match: { project_id: '20' },
    roles: [],
    grants: [],
    ...overrides,
  };
}

export function service(name: string, overrides: Partial<Service> = {}): Service {
  return { name, type: 'http', anonymous: [], mode: 'enforce', ...overrides };
}

export function settings(overrides: Partial<PolicySettings> = {}): PolicySettings {
  return {
    issuers: [
      { name: 'gitlab', type: 'gitlab' },
      { name: 'github', type: 'github' },
      { name: 'cluster', type: 'kubernetes' },
      { name: 'entra', type: 'entra' },
    ],
    identities: [],
    roles: {},
    deployTokens: [],
    jobTokenAllowlist: {},
    services: [service('orders'), service('registry', { type: 'oci' }), service('npm', { type: 'npm' })],
    ...overrides,
  };
}

export function one(scope: string, resource: string): Operation {
  return { scope, resource, extent: 'one' };
}

/** The facts of an access token that was issued for an identity, from an ID token. */
export function mintedFor(name: string): VerifiedCredential['minted'] {
  return {
    identity: name,
    source: { class: 'id_token', jti: undefined, tokenHash: 'ab' },
    audience: 'https://gateway.example.com',
    parentAudience: undefined,
    parents: [],
    since: 0,
    publishing: false,
    workload: undefined,
    limits: { kind: 'scopes', scopes: new Set() },
    loginLimits: undefined,
  };
}
