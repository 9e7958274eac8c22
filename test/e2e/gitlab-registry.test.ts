/** A GitLab and its registry on one host (config/gitlab.yaml) with one login, and the clients of both. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { createContainerClients, type ContainerClients } from '../support/container-clients.ts';
import { curl } from '../support/curl.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../support/gitlab.ts';
import { startGitlabInstance, type TestGitlabInstance } from '../support/gitlab-instance.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { startTokenServer, type TokenServer } from '../support/registry-token-server.ts';

const PASSWORD = 'canary-registry-5d20';
const OK = { code: 0 };
const AUDIENCE = 'http://gateway.example.com';

needs('curl', 'docker', 'docker-registry', 'git', 'skopeo').describe(
  'a GitLab and its registry on one host',
  () => {
    let gitlab: TestGitlab;
    let instance: TestGitlabInstance;
    let tokens: TokenServer;
    let registry: TestRegistry;
    let gateway: TestGateway;
    let clients: ContainerClients;
    let job: TestJob;
    let folder: string;
    const { test } = needs();

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'gatehouse-gitlab-registry-'));
      clients = createContainerClients();
      [gitlab, tokens] = await Promise.all([
        startGitlab({ audience: AUDIENCE }),
        startTokenServer('gate', PASSWORD),
      ]);
      const { url: realm, service, issuer, certificate } = tokens;
      [instance, registry] = await Promise.all([
        startGitlabInstance(gitlab),
        startRegistry({ kind: 'token', realm, service, issuer, certificate }),
      ]);
      job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
      gitlab.project(42, 'acme/base-images');
      gateway = await startGateway(
        `
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
      auth: { registryToken: { url: "${realm}", service: ${service}, username: gate, password: ${PASSWORD} } }
`,
        {
          server: { publicUrl: AUDIENCE },
        },
      );
      writeFileSync(join(folder, 'file.txt'), 'content\n');
    }, 60_000);
    afterAll(async () => {
      clients.close();
      await gateway.close();
      await Promise.all([instance.close(), registry.close(), tokens.close(), gitlab.close()]);
      rmSync(folder, { recursive: true, force: true });
    });

    const host = (): string => `127.0.0.1:${gateway.port}`;
    const push = (
      image: string,
      to: string,
      ...more: readonly string[]
    ): ReturnType<ContainerClients['skopeo']> =>
      clients.skopeo('copy', '--dest-tls-verify=false', ...more, image, `docker://${host()}/${to}`);

    test('docker logs in with an ID token and a job token; an invalid token is reported', async () => {
      for (const [user, secret] of [
        ['ci', job.idToken()],
        ['gitlab-ci-token', job.token],
      ] as const) {
        expect(await clients.docker('login', '-u', user, '-p', secret, host())).toMatchObject(OK);
        expect(await clients.docker('logout', host())).toMatchObject(OK);
      }
      const wrong = await clients.docker('login', '-u', 'gitlab-ci-token', '-p', 'glcbt-64_nobody', host());
      expect(wrong.code).not.toBe(0);
      expect(wrong.stdout + wrong.stderr).toContain('job_not_running');
    });

    test('skopeo logs in, pushes and pulls; the same job also reaches its package', async () => {
      const image = writeImage(clients.folder, 'shared host');
      const login = await clients.skopeo(
        'login',
        '--tls-verify=false',
        '-u',
        'gitlab-ci-token',
        '-p',
        job.token,
        host(),
      );
      expect(login).toMatchObject(OK);
      expect(await push(image, 'acme/payments/api:1')).toMatchObject(OK);
      const pulled = await clients.skopeo(
        'copy',
        '--src-tls-verify=false',
        `docker://${host()}/acme/payments/api:1`,
        `dir:${clients.folder}/pulled`,
      );
      expect(pulled).toMatchObject(OK);
      expect(registry.log()).toContain('/v2/acme/payments/api/manifests/1');
      const file = `${gateway.url}/api/v4/projects/20/packages/generic/app/1.0.0/file.txt`;
      const token = ['--header', `JOB-TOKEN: ${job.token}`];
      expect((await curl(...token, '--upload-file', join(folder, 'file.txt'), file)).status).toBe(201);
      expect((await curl(...token, file)).body).toBe('content\n');
    });

    test('requests denied by the project or by the policy report the reason', async () => {
      const image = writeImage(clients.folder, 'denied');
      const jobToken = ['--dest-creds', `gitlab-ci-token:${job.token}`];
      const closed = await push(image, 'acme/base-images/node:1', ...jobToken);
      expect(closed.code).not.toBe(0);
      expect(closed.stderr).toContain('job_token_not_allowlisted');
      expect(
        await push(image, 'acme/base-images/node:1', '--dest-creds', `ci:${job.idToken()}`),
      ).toMatchObject(OK);
      const other = await push(image, 'acme/secrets/api:1', ...jobToken);
      expect(other.code).not.toBe(0);
      expect(other.stderr).toContain('resource_not_granted');
    });

    test('neither receives requests for the other, nor a client credential', () => {
      const urls = instance.calls.map(({ url }) => url);
      expect(urls.length).toBeGreaterThan(0);
      expect(urls.filter((url) => !url.startsWith('/api/v4/'))).toEqual([]);
      expect(registry.log()).not.toContain('/api/v4/');
      expect(tokens.refused).toBe(0);
      for (const secret of [job.token, 'Bearer eyJ']) expect(instance.seen()).not.toContain(secret);
      expect(gateway.auditText()).not.toContain(PASSWORD);
    });
  },
);
