import type { Scenario } from '../../scenario.ts';
import type { World } from '../../world/world.ts';
import { issueTokens } from '../issue-tokens.ts';
import { issuers, policy, WITHOUT_LIMITS, type Grant } from '../policy.ts';
import { oauthToken } from './oauth-token.ts';
import { others } from './others.ts';
import { publishing } from './publishing.ts';
import { registryTokens } from './registry-tokens.ts';
import { usesOf } from './uses.ts';
import { workloads } from './workloads.ts';

/** Built-in endpoints: token exchange, registry logins, trusted publishing, revocation, metadata. */
export const TOKEN_SERVICE: Scenario = {
  name: 'token service',
  configuration,
  prepare: issueTokens,
  *cases(world) {
    yield* usesOf(world);
    yield* oauthToken(world);
    yield* workloads(world);
    yield* registryTokens(world);
    yield* publishing(world);
    yield* others(world);
  },
};

function configuration(world: World): object {
  const upstream = { url: `${world.upstream.url}/` };
  const registry = (repositoryPrefix: string): object => ({
    type: 'oci',
    hosts: ['registry.example.com'],
    repositoryPrefix,
    upstream,
  });
  const grant = (service: string, scopes: string[], resources: string[]): Grant => ({
    service,
    scopes,
    resources,
  });
  const packages = ['read_package_registry', 'write_package_registry'];
  const all = [
    grant('orders', ['read_api', 'write_api'], ['/v1/**']),
    grant('own', ['read_api'], ['/v1/**']),
    grant('files', packages, ['acme/**']),
    grant('npm', packages, ['@acme/*']),
    grant('pypi', packages, ['acme-*']),
    grant('registry-a', ['read_registry', 'write_registry'], ['a/acme/**']),
    grant('registry-b', ['read_registry'], ['b/acme/**']),
  ];
  return {
    server: WITHOUT_LIMITS,
    issuers: issuers(world),
    ...policy(all, [grant('orders', ['read_api'], ['/v1/**'])]),
    workloadIdentities: {
      'ci@workload.example.com': { identity: 'payments', audiences: ['https://workload.example.com'] },
      'plain@workload.example.com': { identity: 'payments' },
      'web@workload.example.com': {
        issuer: 'gitlab',
        projectId: '21',
        branches: ['main'],
        roles: ['publisher'],
      },
    },
    services: {
      orders: { type: 'http', path: '/orders/', upstream },
      own: { type: 'http', path: '/own/', audiences: ['https://own.example.com'], upstream },
      files: { type: 'generic', path: '/files/', upstream },
      npm: {
        type: 'npm',
        path: '/npm/',
        hosts: ['npm.example.com'],
        trustedPublishing: { audience: 'npm:npm.example.com' },
        upstream,
      },
      pypi: {
        type: 'pypi',
        path: '/pypi/',
        hosts: ['pypi.example.com'],
        trustedPublishing: { audience: 'pypi' },
        upstream,
      },
      'registry-a': registry('a/'),
      'registry-b': registry('b/'),
    },
  };
}
