import { hash } from 'node:crypto';
import { signJwt, type Claims, type SigningKey } from './jwt.ts';

export interface Credential {
  readonly value: string;
  /** User name where it is sent as Basic. Default: `ci`. */
  readonly username?: string;
}

export const AUDIENCE = 'https://gateway.example.com';
const LIFETIME = 3_600;

/** Claims of an ID token that GitLab issues for a job of this project. */
export function gitlabClaims(project: string, path: string, more: Claims = {}): Claims {
  return {
    sub: `project_path:${path}:ref_type:branch:ref:main`,
    namespace_id: '7',
    namespace_path: 'acme',
    project_id: project,
    project_path: path,
    user_id: '3',
    user_login: 'ana',
    pipeline_id: '1212',
    pipeline_source: 'push',
    job_id: '4242',
    ref: 'main',
    ref_type: 'branch',
    ref_path: 'refs/heads/main',
    ref_protected: 'true',
    jti: `jti-${project}`,
    ...more,
  };
}

/** Payments may read and write what is Acme's, the reader may read it, the stranger matches no identity. */
export const PROJECTS = {
  payments: ['20', 'acme/payments'],
  reader: ['21', 'acme/reader'],
  revoked: ['22', 'acme/revoked'],
  stranger: ['99', 'evil/stranger'],
} as const;

export const DEPLOY_TOKENS = {
  edge: { secret: `ghdt_edge_${'7'.repeat(64)}`, expires: '2999-01-01' },
  expired: { secret: `ghdt_expired_${'8'.repeat(64)}`, expires: '2020-01-01' },
} as const;

export function secretHash(secret: string): string {
  return `sha256:${hash('sha256', secret)}`;
}

export const JOB_TOKENS = {
  running: 'glcbt-64_running_4f1d2c',
  foreign: 'glcbt-64_foreign_9a8b7c',
  ended: 'glcbt-64_ended_000111',
  unknown: 'glcbt-64_unknown_222333',
} as const;

export const GITLAB_DEPLOY_TOKEN = {
  username: 'gitlab+deploy-token-7',
  secret: 'gldt-known-secret',
} as const;

export interface Keys {
  readonly gitlab: SigningKey;
  readonly github: SigningKey;
  readonly oidc: SigningKey;
  /** In no key set. */
  readonly foreign: SigningKey;
}

/** Every class of credential, valid and not. `issuers`: base URL of the issuers. */
export function createCredentials(keys: Keys, issuers: string, down: string): Map<string, Credential> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, nbf: now, exp: now + LIFETIME };
  const gitlab = { iss: `${issuers}/gitlab`, aud: AUDIENCE, ...times };
  const [project, path] = PROJECTS.payments;
  const payments = gitlabClaims(project, path);
  const id = (claims: Claims, key = keys.gitlab, header: Claims = {}): Credential => ({
    value: signJwt(key, { ...gitlab, ...payments, ...claims }, header),
  });
  const ofProject = (name: keyof typeof PROJECTS): Credential =>
    id(gitlabClaims(PROJECTS[name][0], PROJECTS[name][1]));
  const valid = id({});
  const [header = '', , signature = ''] = valid.value.split('.');
  const [, otherPayload = ''] = ofProject('reader').value.split('.');

  return new Map<string, Credential>([
    ['payments', valid],
    ['reader', ofProject('reader')],
    ['revoked', ofProject('revoked')],
    ['stranger', ofProject('stranger')],
    ['expired', id({ iat: now - 7_200, nbf: now - 7_200, exp: now - 3_600 })],
    ['not yet valid', id({ iat: now + 3_000, nbf: now + 3_000, exp: now + 7_000 })],
    ['wrong audience', id({ aud: 'https://elsewhere.example.com' })],
    ['without expiry', id({ exp: undefined })],
    ['unknown issuer', id({ iss: 'https://gitlab.example.org' })],
    ['tampered', { value: [header, otherPayload, signature].join('.') }],
    ['foreign key', id({}, { ...keys.foreign, kid: keys.gitlab.kid })],
    ['algorithm none', { value: `${encode({ alg: 'none', typ: 'JWT' })}.${otherPayload}.` }],
    ['wrong type', id({}, keys.gitlab, { typ: 'logout+jwt' })],
    ['critical header', id({}, keys.gitlab, { crit: ['x'], x: 1 })],
    ['own audience', id({ aud: 'https://own.example.com' })],
    ['workload audience', id({ aud: 'https://workload.example.com', jti: 'jti-workload' })],
    ['npm audience', id({ aud: 'npm:npm.example.com', jti: 'jti-npm' })],
    ['pypi audience', id({ aud: 'pypi', jti: 'jti-pypi' })],
    ['unreachable issuer', id({ iss: `${down}/gitlab` })],
    [
      'github',
      {
        value: signJwt(keys.github, {
          iss: `${issuers}/github`,
          aud: AUDIENCE,
          ...times,
          sub: 'repo:acme/payments:ref:refs/heads/main',
          jti: 'jti-github',
          repository: 'acme/payments',
          repository_id: '20',
          repository_owner: 'acme',
          repository_owner_id: '7',
          ref: 'refs/heads/main',
          ref_type: 'branch',
          event_name: 'push',
          run_id: '1212',
        }),
      },
    ],
    [
      'oidc',
      { value: signJwt(keys.oidc, { iss: `${issuers}/oidc`, aud: AUDIENCE, ...times, sub: 'workload-1' }) },
    ],
    ['no token', { value: 'not-a-token' }],
    ['empty', { value: '' }],
    ['running job', { value: JOB_TOKENS.running, username: 'gitlab-ci-token' }],
    ['job of another project', { value: JOB_TOKENS.foreign, username: 'gitlab-ci-token' }],
    ['ended job', { value: JOB_TOKENS.ended, username: 'gitlab-ci-token' }],
    ['unknown job', { value: JOB_TOKENS.unknown, username: 'gitlab-ci-token' }],
    ['deploy token', { value: DEPLOY_TOKENS.edge.secret, username: 'edge' }],
    ['deploy token, wrong user', { value: DEPLOY_TOKENS.edge.secret, username: 'core' }],
    ['deploy token, wrong secret', { value: `ghdt_edge_${'6'.repeat(64)}`, username: 'edge' }],
    ['deploy token, expired', { value: DEPLOY_TOKENS.expired.secret, username: 'expired' }],
    ['gitlab deploy token', { value: GITLAB_DEPLOY_TOKEN.secret, username: GITLAB_DEPLOY_TOKEN.username }],
    ['gitlab deploy token, wrong secret', { value: 'gldt-wrong', username: GITLAB_DEPLOY_TOKEN.username }],
  ]);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
