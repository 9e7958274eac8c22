import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MintedFrom, VerifiedCredential } from '../../../src/core/credentials/credential.ts';
import type { EndpointCall } from '../../../src/core/request/endpoint.ts';
import type { CanonicalPath, RequestHead } from '../../../src/core/request/request-head.ts';

export const NOW = Date.UTC(2026, 5, 1);

export const REQUEST_ID = '00000000-0000-4000-8000-000000000000';

export function credential(overrides: Partial<VerifiedCredential> = {}): VerifiedCredential {
  return {
    class: 'id_token',
    issuer: 'gitlab',
    issuerUrl: 'https://gitlab.example.com',
    subject: 'project_path:acme/payments:ref_type:branch:ref:main',
    jti: 'job-1',
    tokenHash: 'a'.repeat(64),
    expiresAt: NOW + 3_600_000,
    claims: { project_id: '20', user_login: 'ada' },
    ...overrides,
  };
}

export function requestHead(overrides: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'POST',
    host: 'gateway.example.com',
    path: '/token' as CanonicalPath,
    query: '',
    hasBody: true,
    rawHeaders: ['Content-Type', 'application/x-www-form-urlencoded'],
    ...overrides,
  };
}

/** A call whose `incoming` has no sockets, for code that reads the request id and the head only. */
export function endpointCall(
  head = requestHead(),
  { req, res }: { req?: IncomingMessage; res?: ServerResponse } = {},
): EndpointCall {
  return {
    incoming: {
      req: req ?? ({} as IncomingMessage),
      res: res ?? ({} as ServerResponse),
      original: req ?? ({} as IncomingMessage),
      head,
      client: { address: '192.0.2.1', proto: 'https' },
      requestId: REQUEST_ID,
      expectsContinue: false,
    },
    head,
    operations: [],
    presented: undefined,
    verified: undefined,
    decision: undefined,
    reason: 'internal_error',
    detail: undefined,
    credentialHint: 'See /v1/users/me.',
    bytesOut: 0,
  };
}

/** The `minted` part of an access token that was issued from an ID token. */
export function minted(overrides: Partial<MintedFrom> = {}): MintedFrom {
  return {
    identity: 'ci',
    source: { class: 'id_token', jti: 'job-1', tokenHash: 'b'.repeat(64) },
    audience: 'https://gateway.example.com',
    parentAudience: undefined,
    parents: [],
    since: NOW,
    publishing: false,
    workload: undefined,
    limits: { kind: 'scopes', scopes: new Set() },
    loginLimits: undefined,
    ...overrides,
  };
}
