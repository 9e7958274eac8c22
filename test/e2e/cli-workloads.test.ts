import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';
import { ROOT } from '../support/repository.ts';

const EXAMPLE = join(ROOT, 'config/workload-identities.yaml');

test('check shows the definition of each workload identity', async () => {
  const { code, stdout, stderr } = await gatehouse('check', '--config', EXAMPLE);
  expect({ code, stdout, stderr }).toExitWith(0);
  expect(stdout).toContain(
    'workloadIdentities.gitlab-ci-deploy@workload.example.com: identity payments-deploy; accepts tokens with aud https://gitlab.example.com\n',
  );
  expect(stdout).toContain(
    'workloadIdentities.web@workload.example.com: { issuer: gitlab, match: {"project_id":"21","project_path":"acme/web","ref_path":{"glob":["refs/heads/main","refs/heads/release/*","refs/tags/v*"]}}, roles: [reader] }; accepts tokens with aud https://gateway.example.com\n',
  );
});

test('check --json reports it, too', async () => {
  const { stdout } = await gatehouse('check', '--config', EXAMPLE, '--json');
  const { workloadIdentities } = JSON.parse(stdout) as { workloadIdentities: unknown[] };
  expect(workloadIdentities).toContainEqual({
    name: 'github-release@workload.example.com',
    identity: 'github-release@workload.example.com',
    issuer: 'github',
    audiences: ['https://gateway.example.com'],
    match: { repository_id: '123456789', ref: { in: ['refs/heads/main'] } },
    roles: ['reader'],
  });
});
