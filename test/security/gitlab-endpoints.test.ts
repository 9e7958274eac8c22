/** Threat X4: endpoints outside the GitLab allow list, requested with the upstream credential. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openSocket } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { useGitlabService } from '../support/scenario/gitlab-service.ts';

const service = useGitlabService();

const JSON_TYPE = 'Content-Type: application/json';

/** Endpoints whose effect outlives the policy, or whose response contains other projects. */
const UNLISTED = [
  'POST 20/members',
  'PUT 20/members/5',
  'GET 20/members/all',
  'POST 20/invitations',
  'PUT 20/access_requests/5/approve',
  'POST 20/share',
  'DELETE 20/share/9',
  'POST 20/remote_mirrors',
  'POST 20/hooks',
  'POST 20/hooks/1/test/push_events',
  'POST 20/runners',
  'PUT 20/transfer',
  'POST 20/fork',
  'POST 20/fork/7',
  'POST 20/export',
  'GET 20/export/download',
  'POST 20/protected_branches',
  'DELETE 20/protected_branches/main',
  'PUT 20/repository/branches/main/unprotect',
  'POST 20/protected_tags',
  'POST 20/protected_environments',
  'PUT 20/push_rule',
  'PUT 20/integrations/slack',
  'PUT 20/services/slack',
  'PATCH 20/job_token_scope',
  'POST 20/job_token_scope/allowlist',
  'POST 20/approval_rules',
  'POST 20/approvals',
  'POST 20/merge_requests/1/approval_rules',
  'POST 20/merge_requests/1/blocks',
  'GET 20/merge_requests/1/closes_issues',
  'GET 20/merge_requests/1/related_issues',
  'GET 20/issues/1/links',
  'GET 20/issues/1/related_merge_requests',
  'PUT 20/labels/1/promote',
  'POST 20/milestones/1/promote',
  'POST 20/pipeline_schedules',
  'GET 20/ci/lint',
  'POST 20/cluster_agents',
  'POST 20/clusters/user',
  'POST 20/pages/domains',
  'POST 20/packages/protection/rules',
  'POST 20/registry/protection/repository/rules',
  'POST 20/terraform/state_protection_rules',
  'POST 20/packages/generic/app/1.0.0/app.tgz',
  'PUT 20',
  'DELETE 20',
  'POST 20/archive',
  'PUT 20/custom_attributes/a',
  'POST 20/something/that/no/gitlab/has/yet',
];

describe('an endpoint outside the list', () => {
  test.each(UNLISTED)('needs admin_api: %s', async (line) => {
    expect(await service.outcome('ci', line)).toBe('403 scope_not_granted');
    expect(service.upstream.bytes()).toBe('');
  });

  test.each(['POST 20/members', 'DELETE 20', 'GET acme%2Fpayments/hooks'])(
    'is forwarded only with admin_api on every project: %s',
    async (line) => {
      expect(await service.outcome('local-admin', line)).toBe('403 resource_not_granted');
      expect(await service.outcome('job', line)).toBe('403 scope_not_granted');
      expect(await service.outcome('nobody', line)).toBe('401 no_credential');
      expect(service.upstream.bytes()).toBe('');
      service.upstream.respond(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
      );
      expect(await service.outcome('admin', line)).toBe('200');
      expect(valuesOf(receivedBy(service.upstream), 'private-token')).toEqual(['canary-private-token']);
    },
  );
});

test.each([
  'POST 20/access_tokens',
  'POST 20/access_tokens.json',
  'POST 20/access_tokens%2F3/rotate',
  'POST 20/deploy_tokens',
  'GET 20/triggers',
  'GET 20/variables/DEPLOY_KEY',
  'GET 20/pipelines/7/variables',
  'GET 20/pipeline_schedules/3/variables/A',
  'POST 20/cluster_agents/5/tokens',
  'POST 20/runners/reset_registration_token',
  'POST 20/service_accounts/4/personal_access_tokens',
  'POST 20/error_tracking/client_keys',
  'POST 20/deploy_keys',
  'POST 20/deploy_keys/3/enable',
  'POST 20/deploy_keys%2F4/enable',
  'POST 20/secure_files',
  'GET 20/secure_files/4/download',
  'GET 20/pipeline_schedules/3',
  'POST acme%2Fpayments/pipeline_schedules/3/take_ownership',
  'GET 20/packages/conan/v1/users/authenticate',
  'GET 20/packages/conan/v2/users/check_credentials',
  'PUT 20/packages/npm/-/user/org.couchdb.user:a',
])('an endpoint that issues or shows tokens is never forwarded, with any grant: %s', async (line) => {
  expect(await service.outcome('admin', line)).toBe('403 operation_unknown');
  expect(service.upstream.bytes()).toBe('');
});

test.each(['GET /api/graphql', 'POST /api/graphql', 'GET /api/v4/user', 'GET /api/v4/groups/acme/projects'])(
  'a path that names no project is never forwarded: %s',
  async (line) => {
    const [method = '', target = ''] = line.split(' ');
    const socket = await openSocket(service.gateway.port);
    const head = [`${method} ${target} HTTP/1.1`, 'Host: gateway.example.com', 'Connection: close'];
    socket.write([...head, ...service.credential('admin'), '', ''].join('\r\n'));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 403 [^]*operation_unknown/);
    expect(service.upstream.bytes()).toBe('');
  },
);

test.each([
  'GET 20/repository/files/src%2Fmain.ts/raw?ref=main',
  'HEAD 20/repository/files/src%2Fmain.ts?ref=main',
  'GET 20/repository/archive.tar.gz?sha=main',
  'DELETE 20/repository/branches/feature%2Fx',
  'GET acme%2Fpayments/merge_requests?state=opened',
  'POST 20/merge_requests/7/notes?body=done',
  'POST 20/jobs/9/play',
  'POST 20/pipeline?ref=main',
  'POST 20/statuses/abc?state=success',
  'GET 20/packages/maven/com/acme/app/1/app-1.pom',
  'DELETE 20/terraform/state/production',
  'DELETE 20/registry/repositories/3/tags/old',
  'GET 20/wikis/Home',
])('a listed endpoint is forwarded unchanged: %s', async (line) => {
  expect(await service.outcome('ci', line)).toBe('200');
  const [method = '', target = ''] = line.split(' ');
  expect(receivedBy(service.upstream).requestLine).toBe(`${method} /api/v4/projects/${target} HTTP/1.1`);
});

test.each([
  ['a package', 'PUT', '20/packages/generic/app/1.0.0/app.tgz', 'application/octet-stream'],
  ['a multipart upload', 'POST', '20/packages/pypi', 'multipart/form-data; boundary=x'],
  ['Terraform state', 'POST', '20/terraform/state/production', 'application/json'],
])('%s streams without a size limit', async (_case, method, target, type) => {
  const size = 1024 * 1024;
  const socket = await openSocket(service.gateway.port);
  const head = [`${method} /api/v4/projects/${target} HTTP/1.1`, 'Host: gateway.example.com'];
  const headers = [`Content-Type: ${type}`, `Content-Length: ${size}`, 'Connection: close'];
  socket.write([...head, ...service.credential('ci'), ...headers, '', 'first-bytes'].join('\r\n'));
  await eventually('the start of the body at the upstream', () =>
    service.upstream.bytes().endsWith('first-bytes') ? true : undefined,
  );
  socket.write('x'.repeat(size - 'first-bytes'.length));
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
});

test.each(['ci', 'admin'] as const)(
  'the registration token of runners is not shown to %s',
  async (caller) => {
    const project = '{"id":20,"runners_token":"canary-registration","a":{"runners\\u005ftoken":"canary"}}';
    service.upstream.respond(
      `HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\nContent-Length: ${project.length}\r\n\r\n${project}`,
    );
    const line = caller === 'ci' ? 'GET 20' : 'PUT 20';
    const { body } = await service.ask(caller, line);
    expect(body).toContain('{"id":20,"a":{}}');
    expect(body).not.toContain('canary');
  },
);

test('HEAD on a project and its errors are relayed', async () => {
  service.upstream.respond(`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\nContent-Length: 5000000\r\n\r\n`);
  expect(await service.outcome('ci', 'HEAD 20')).toBe('200');
  service.upstream.respond('HTTP/1.1 404 No\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{x');
  const { status, body } = await service.ask('ci', 'GET 20');
  expect([status, body]).toEqual([404, '{x']);
});
