import { createSign, generateKeyPairSync, randomUUID, sign as signAsync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export const ISSUER = 'https://gitlab.example.com';
export const AUDIENCE = 'https://gateway.example.com';

const KEY_ID = 'bench-key';

/** One RSA key. HAProxy reads its public key as PEM, Gatehouse and Envoy as a key set. */
export interface Credentials {
  readonly publicKeyPem: string;
  readonly keySet: string;
  readonly token: string;
  /** Invalid tokens, which every contestant that verifies must refuse. */
  readonly refused: readonly { readonly why: string; readonly token: string }[];
  /** Signs so many different valid tokens. */
  mint(count: number): Promise<readonly string[]>;
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
    mint: (count) => mintTokens(count, claims, privateKey),
  };
}

/** Signs on the thread pool: 20,000 tokens take some seconds. */
async function mintTokens(
  count: number,
  claims: Readonly<Record<string, unknown>>,
  key: KeyObject,
): Promise<readonly string[]> {
  const signOne = promisify(signAsync);
  const tokens: string[] = [];
  while (tokens.length < count) {
    const batch = Array.from({ length: Math.min(200, count - tokens.length) }, async () => {
      const signed = unsigned({ ...claims, jti: randomUUID() });
      const signature = await signOne('RSA-SHA256', Buffer.from(signed), key);
      return `${signed}.${signature.toString('base64url')}`;
    });
    tokens.push(...(await Promise.all(batch)));
  }
  return tokens;
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
  const signed = unsigned(claims);
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

function unsigned(claims: Readonly<Record<string, unknown>>): string {
  return `${encode({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })}.${encode(claims)}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
