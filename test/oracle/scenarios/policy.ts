import { secretHash, DEPLOY_TOKENS, PROJECTS } from '../world/credentials.ts';
import type { World } from '../world/world.ts';

export interface Grant {
  readonly service: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

/** Issuers of every kind that the credentials come from. */
export function issuers(world: World, gitlab: object = {}): object {
  return {
    gitlab: {
      type: 'gitlab',
      issuer: `${world.issuers}/gitlab`,
      apiUrl: world.gitlab,
      jobTokens: { cache: '1h' },
      deployTokens: { cache: '1h' },
      projects: { '20': 'acme/payments' },
      ...gitlab,
    },
    github: { type: 'github', issuer: `${world.issuers}/github`, jwksUri: `${world.issuers}/github/keys` },
    oidc: { type: 'oidc', issuer: `${world.issuers}/oidc` },
    down: { type: 'gitlab', issuer: `${world.down}/gitlab` },
  };
}

/** Payments and deploy tokens get `all`, the reader and others `reading`; no other credential matches. */
export function policy(all: readonly Grant[], reading: readonly Grant[]): object {
  const project = (name: keyof typeof PROJECTS): object => ({ project_id: PROJECTS[name][0] });
  const deployToken = (name: keyof typeof DEPLOY_TOKENS): object => ({
    username: name,
    secretHash: secretHash(DEPLOY_TOKENS[name].secret),
    expires: DEPLOY_TOKENS[name].expires,
    grants: all,
  });
  return {
    identities: {
      payments: {
        issuer: 'gitlab',
        via: ['id_token', 'job_token'],
        match: project('payments'),
        roles: ['publisher'],
      },
      reader: { issuer: 'gitlab', match: project('reader'), grants: reading },
      revoked: { issuer: 'gitlab', match: project('revoked'), grants: all },
      mirror: { issuer: 'gitlab', via: ['deploy_token'], match: { deploy_token_id: '7' }, grants: reading },
      github: { issuer: 'github', match: { repository_id: '20' }, grants: reading },
      workload: { issuer: 'oidc', match: { sub: 'workload-1' }, grants: reading },
    },
    roles: { publisher: all },
    deployTokens: { edge: deployToken('edge'), expired: deployToken('expired') },
    jobTokenAllowlist: { 'acme/api': ['acme/payments'], 'acme/payments': [] },
  };
}

/** Attempts are counted by address, and every case comes from one. */
export const WITHOUT_LIMITS = {
  limits: { drainDelay: '1ms', drain: '100ms', authFailures: { perAddress: 1_000_000, perName: 1_000_000 } },
};
