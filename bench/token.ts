import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const ISSUER = 'https://gitlab.example.com';
export const AUDIENCE = 'https://gateway.example.com';

const KEY_ID = 'bench-key';

/** One RSA key. HAProxy reads its public key as PEM, Gatehouse as a key set. */
export interface Credentials {
  readonly publicKeyPem: string;
  readonly keySet: string;
  readonly token: string;
  /** Invalid tokens, which every contestant that verifies must refuse. */
  readonly refused: readonly { readonly why: string; readonly token: string }[];
}

export function createCredentials(): Credentials {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = Math.floor(Date.now() / 1000);
  const claims = gitlabClaims(now);
  return {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keySet: JSON.stringify({
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }],
    }),
    token: sign(claims, privateKey),
    refused: [
      { why: 'signed by another key', token: sign(claims, otherKey.privateKey) },
      { why: 'of another issuer', token: sign({ ...claims, iss: 'https://other.example.com' }, privateKey) },
      {
        why: 'for another audience',
        token: sign({ ...claims, aud: 'https://other.example.com' }, privateKey),
      },
      {
        why: 'expired',
        token: sign({ ...claims, iat: now - 7200, nbf: now - 7205, exp: now - 3600 }, privateKey),
      },
    ],
  };
}

/** The claims of GitLab 18 for a job on a branch with an environment: about 1 KB once signed. */
function gitlabClaims(now: number): Readonly<Record<string, unknown>> {
  return {
    namespace_id: '72',
    namespace_path: 'acme',
    project_id: '20',
    project_path: 'acme/payments',
    user_id: '1',
    user_login: 'deploy-bot',
    user_email: 'deploy-bot@example.com',
    user_access_level: 'maintainer',
    pipeline_id: '1212',
    pipeline_source: 'push',
    job_id: '1313',
    ref: 'release/2026.11',
    ref_type: 'branch',
    ref_path: 'refs/heads/release/2026.11',
    ref_protected: 'true',
    runner_id: 7,
    runner_environment: 'self-hosted',
    sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    project_visibility: 'private',
    jti: randomUUID(),
    iss: ISSUER,
    iat: now,
    nbf: now - 5,
    exp: now + 3600,
    sub: 'project_path:acme/payments:ref_type:branch:ref:release/2026.11',
    aud: AUDIENCE,
  };
}

function sign(claims: Readonly<Record<string, unknown>>, key: KeyObject): string {
  const head = encode({ alg: 'RS256', typ: 'JWT', kid: KEY_ID });
  const signed = `${head}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
