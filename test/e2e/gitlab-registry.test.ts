/** A GitLab and its registry on one host (config/gitlab.yaml) with one login, and the clients of both. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { createContainerClients, type ContainerClients } from '../support/container-clients.ts';
import { curl } from '../support/curl.ts';
import { startGitlabInstance } from '../support/gitlab-instance.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { startTokenServer } from '../support/registry-token-server.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { useStarted } from '../support/use-started.ts';

const PASSWORD = 'canary-registry-5d20';
const AUDIENCE = 'http://gateway.example.com';

needs('curl', 'docker', 'docker-registry', 'git', 'skopeo').describe(
  'a GitLab and its registry on one host',
  () => {
    const { test } = needs();

    const tokens = useStarted(() => startTokenServer('gate', PASSWORD));
    const scenario = useJobScenario({
      audience: AUDIENCE,
      server: { publicUrl: AUDIENCE },
      backends: (gitlab) => ({
        instance: () => startGitlabInstance(gitlab),
        registry: () => {
          const { url: realm, service, issuer, certificate } = tokens;
          return startRegistry({ kind: 'token', realm, service, issuer, certificate });
        },
        clients: () => Promise.resolve(createContainerClients()),
      }),
      config: ({ gitlab, instance, registry }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: gitlab, scopes: [read_package_registry, write_package_registry], resources: ["{claims.project_path}"] }
      - { service: registry, scopes: [read_registry, write_registry], resources: ["{claims.project_path}/**", "acme/base-images/**"] }
services:
  gitlab:
    type: gitlab
    upstream: { url: "${instance.url}/", auth: { header: { name: PRIVATE-TOKEN, value: ${instance.privateToken} } } }
  registry:
    type: oci
    upstream:
      url: "${registry.url}"
      auth: { registryToken: { url: "${tokens.url}", service: ${tokens.service}, username: gate, password: ${PASSWORD} } }
`,
    });
    beforeAll(() => {
      scenario.gitlab.project(42, 'acme/base-images');
      writeFileSync(join(scenario.folder, 'file.txt'), 'content\n');
    });

    const host = (): string => `127.0.0.1:${scenario.gateway.port}`;
    const push = (
      image: string,
      to: string,
      ...more: readonly string[]
    ): ReturnType<ContainerClients['skopeo']> =>
      scenario.clients.skopeo('copy', '--dest-tls-verify=false', ...more, image, `docker://${host()}/${to}`);

    test('docker logs in with an ID token and a job token; an invalid token is reported', async () => {
      for (const [user, secret] of [
        ['ci', scenario.job.idToken()],
        ['gitlab-ci-token', scenario.job.token],
      ] as const) {
        expect(await scenario.clients.docker('login', '-u', user, '-p', secret, host())).toExitWith(0);
        expect(await scenario.clients.docker('logout', host())).toExitWith(0);
      }
      const wrong = await scenario.clients.docker(
        'login',
        '-u',
        'gitlab-ci-token',
        '-p',
        'glcbt-64_nobody',
        host(),
      );
      expect(wrong).not.toExitWith(0);
      expect(wrong.stdout + wrong.stderr).toContain('job_not_running');
    });

    test('skopeo logs in, pushes and pulls; the same job also reaches its package', async () => {
      const image = writeImage(scenario.clients.folder, 'shared host');
      const login = await scenario.clients.skopeo(
        'login',
        '--tls-verify=false',
        '-u',
        'gitlab-ci-token',
        '-p',
        scenario.job.token,
        host(),
      );
      expect(login).toExitWith(0);
      expect(await push(image, 'acme/payments/api:1')).toExitWith(0);
      const pulled = await scenario.clients.skopeo(
        'copy',
        '--src-tls-verify=false',
        `docker://${host()}/acme/payments/api:1`,
        `dir:${scenario.clients.folder}/pulled`,
      );
      expect(pulled).toExitWith(0);
      expect(scenario.registry.log()).toContain('/v2/acme/payments/api/manifests/1');
      const file = `${scenario.gateway.url}/api/v4/projects/20/packages/generic/app/1.0.0/file.txt`;
      const token = ['--header', `JOB-TOKEN: ${scenario.job.token}`];
      expect((await curl(...token, '--upload-file', join(scenario.folder, 'file.txt'), file)).status).toBe(
        201,
      );
      expect((await curl(...token, file)).body).toBe('content\n');
    });

    test('requests denied by the project or by the policy report the reason', async () => {
      const image = writeImage(scenario.clients.folder, 'denied');
      const jobToken = ['--dest-creds', `gitlab-ci-token:${scenario.job.token}`];
      const closed = await push(image, 'acme/base-images/node:1', ...jobToken);
      expect(closed).not.toExitWith(0);
      expect(closed.stderr).toContain('job_token_not_allowlisted');
      expect(
        await push(image, 'acme/base-images/node:1', '--dest-creds', `ci:${scenario.job.idToken()}`),
      ).toExitWith(0);
      const other = await push(image, 'acme/secrets/api:1', ...jobToken);
      expect(other).not.toExitWith(0);
      expect(other.stderr).toContain('resource_not_granted');
    });

    test('neither receives requests for the other, nor a client credential', () => {
      const urls = scenario.instance.calls.map(({ url }) => url);
      expect(urls.length).toBeGreaterThan(0);
      expect(urls.filter((url) => !url.startsWith('/api/v4/'))).toEqual([]);
      expect(scenario.registry.log()).not.toContain('/api/v4/');
      expect(tokens.refused).toBe(0);
      for (const secret of [scenario.job.token, 'Bearer eyJ'])
        expect(scenario.instance.seen()).not.toContain(secret);
      expect(scenario.gateway.auditText()).not.toContain(PASSWORD);
    });
  },
);
