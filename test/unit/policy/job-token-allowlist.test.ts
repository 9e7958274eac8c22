import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import { credential, identity, one, service, settings } from './fixtures.ts';

const JOB = { project_id: '20', project_path: 'acme/Payments', ref: 'main' };

const policy = settings({
  identities: [
    identity('payments', {
      via: ['id_token', 'job_token'],
      grants: [
        { service: 'registry', scopes: ['read_registry'], resources: ['**'] },
        { service: 'orders', scopes: ['read_api'], resources: ['/**'] },
      ],
    }),
  ],
  services: [
    service('registry', {
      type: 'oci',
      anonymous: [{ scopes: ['read_registry'], resources: ['public/**'] }],
    }),
    service('orders'),
  ],
  jobTokenAllowlist: {
    'acme/base': ['acme/web'],
    'acme/base/images': ['acme/payments'],
    'acme/by-id': ['id:20'],
    'acme/by-glob': ['acme/*'],
    'acme/deep-glob': ['*'],
    'id:77': ['acme/payments'],
  },
});

const jobToken = credential(JOB, { class: 'job_token' });

function decide(resource: string, presented = jobToken, on = 'registry') {
  return createAuthorizer(policy).forService(on)(presented, [one('read_registry', resource)]);
}

describe('the job token allowlist', () => {
  test.each([
    ['its own project', 'acme/payments'],
    ['below its own project', 'acme/payments/api'],
    ['its own project by number', 'id:20'],
    ['a project that lists it', 'acme/base/images/node'],
    ['a project that lists its number', 'acme/by-id'],
    ['a project that lists a pattern', 'acme/by-glob/x'],
    ['a project given by id', 'id:77/x'],
    ['what is open to everybody', 'public/alpine'],
  ])('%s: %s', (_name, resource) => {
    expect(decide(resource)).toMatchObject({ kind: 'allow' });
  });

  test.each([
    ['a project that lists others only', 'acme/base/x', '"acme/base"'],
    ['the longest listed project decides', 'acme/base', '"acme/base"'],
    ['* stops at /', 'acme/deep-glob', '"acme/deep-glob"'],
    ['a project without a list', 'acme/other', 'no target project for'],
    ['a name with a listed name as prefix', 'acme/payments-evil', 'no target project for'],
    ['an id with a listed id as prefix', 'id:201', 'no target project for'],
  ])('%s: %s', (_name, resource, detail) => {
    const decision = decide(resource);
    expect(decision).toMatchObject({ kind: 'deny', reason: 'job_token_not_allowlisted' });
    expect(decision).toHaveProperty('detail', expect.stringContaining(detail));
  });

  test('does not extend the grants of the policy', () => {
    const decision = createAuthorizer(policy).forService('registry')(jobToken, [
      one('write_registry', 'acme/payments'),
    ]);
    expect(decision).toMatchObject({ kind: 'deny', reason: 'scope_not_granted' });
  });

  test('does not apply to ID tokens or to service types without projects', () => {
    expect(decide('acme/other', credential(JOB))).toMatchObject({ kind: 'allow' });
    const onHttp = createAuthorizer(policy).forService('orders')(jobToken, [one('read_api', '/acme/other')]);
    expect(onHttp).toMatchObject({ kind: 'allow' });
  });

  test('denies job tokens the catalog of all repositories', () => {
    const all = { scope: 'read_registry', resource: '', extent: 'every' } as const;
    expect(createAuthorizer(policy).forService('registry')(jobToken, [all])).toMatchObject({
      reason: 'job_token_not_allowlisted',
    });
  });

  test('the explanation names the list that denied the request', () => {
    const { verdict } = createAuthorizer(policy).explain({
      service: 'registry',
      credential: jobToken,
      operations: [one('read_registry', 'acme/base')],
    });
    expect(verdict).toMatchObject({
      reason: 'job_token_not_allowlisted',
      detail: expect.stringContaining('acme/base') as string,
    });
  });
});

describe('a deploy token of the configuration as an identity', () => {
  const authorizer = createAuthorizer(
    settings({
      deployTokens: [
        {
          name: 'edge',
          grants: [{ service: 'registry', scopes: ['read_registry'], resources: ['acme/**'] }],
        },
        { name: 'ci', grants: [] },
      ],
    }),
  );
  const edge = credential(
    { deploy_token: 'edge', username: 'edge' },
    { class: 'deploy_token', issuer: ':deploy-tokens', subject: 'edge' },
  );

  test('has its own grants', () => {
    const registry = authorizer.forService('registry');
    expect(registry(edge, [one('read_registry', 'acme/api')])).toMatchObject({
      kind: 'allow',
      caller: { identity: 'deploy-token:edge' },
    });
    expect(registry(edge, [one('read_registry', 'other')])).toMatchObject({ reason: 'resource_not_granted' });
    expect(registry(edge, [one('write_registry', 'acme/api')])).toMatchObject({
      reason: 'scope_not_granted',
    });
  });

  test('an ID token with the same claims does not match it', () => {
    const fake = credential({ deploy_token: 'edge', project_id: '1' });
    expect(authorizer.identify(fake)).toMatchObject({ kind: 'deny', reason: 'no_matching_identity' });
  });
});
