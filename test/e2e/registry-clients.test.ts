import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

/** The output of a client on stdout and stderr. */
function said({ stdout, stderr }: Outcome): string {
  return stdout + stderr;
}

needs('docker-registry', 'skopeo', 'podman', 'buildah', 'docker').describe('clients of a registry', () => {
  const scenario = useStarted(() => startRegistryScenario());

  describe('docker', () => {
    test.each([
      ['an ID token with any user name', () => ['ci', scenario.job.idToken()]],
      ['a job token', () => ['gitlab-ci-token', scenario.job.token]],
      ['a deploy token', () => ['edge-puller', DEPLOY_SECRET]],
    ])('logs in with %s, and out', async (_what, credential) => {
      const [user = '', secret = ''] = credential();
      const login = await scenario.clients.docker('login', '-u', user, '-p', secret, scenario.host);
      expect(login).toExitWith(0);
      expect(await scenario.clients.docker('logout', scenario.host)).toExitWith(0);
    });

    test('a wrong secret is reported', async () => {
      const login = await scenario.clients.docker(
        'login',
        '-u',
        'edge-puller',
        '-p',
        `${DEPLOY_SECRET}0`,
        scenario.host,
      );
      expect(login).not.toExitWith(0);
      expect(said(login)).toContain('credential_invalid');
    });

    test('a token that no identity matches is reported', async () => {
      const stranger = scenario.gitlab.job({ project: { id: 99, path: 'evil/app' } });
      const login = await scenario.clients.docker(
        'login',
        '-u',
        'ci',
        '-p',
        stranger.idToken(),
        scenario.host,
      );
      expect(login).not.toExitWith(0);
      expect(said(login)).toContain('no_matching_identity');
    });
  });

  describe('podman', () => {
    const HTTP = '--tls-verify=false';

    test('logs in, pulls, pushes, and prints the reason of a denial', async () => {
      const { clients, host, job } = scenario;
      const image = writeImage(clients.folder, 'podman');
      const source = `${host}/acme/payments/podman:1`;
      await clients.skopeo(
        'copy',
        '--dest-tls-verify=false',
        '--dest-creds',
        `ci:${job.idToken()}`,
        image,
        `docker://${source}`,
      );
      const login = await clients.podman('login', HTTP, '-u', 'gitlab-ci-token', '-p', job.token, host);
      expect(login).toExitWith(0);
      expect(await clients.podman('pull', HTTP, source)).toExitWith(0);
      const own = `${host}/acme/payments/again:2`;
      expect(await clients.podman('push', HTTP, source, own)).toExitWith(0);
      const search = await clients.podman('search', HTTP, '--list-tags', `${host}/acme/payments/again`);
      expect(said(search)).toMatch(/again\s+2/);
      expect(scenario.registry.log()).toMatch(/payments\/again\/blobs\/uploads\/\?.*mount=sha256/);
      const denied = await clients.podman('push', HTTP, source, `${host}/acme/web/api:1`);
      expect(denied).not.toExitWith(0);
      expect(said(denied)).toContain('resource_not_granted');
      const foreign = await clients.podman('pull', HTTP, `${host}/acme/web/api:1`);
      expect(foreign).not.toExitWith(0);
      expect(said(foreign)).toContain('resource_not_granted');
      const wrong = await clients.podman('login', HTTP, '-u', 'edge-puller', '-p', 'ghdt_edge_no', host);
      expect(wrong).not.toExitWith(0);
      expect(said(wrong)).toMatch(/invalid username\/password|unauthorized/);
    });
  });

  describe('buildah', () => {
    const HTTP = '--tls-verify=false';

    test('builds from scratch, pushes, pulls, and prints the reason of a denial', async () => {
      const { clients, host, job } = scenario;
      writeFileSync(join(clients.folder, 'content.txt'), 'buildah');
      const login = await clients.buildah('login', HTTP, '-u', 'ci', '-p', job.idToken(), host);
      expect(login).toExitWith(0);
      expect(await clients.buildah('from', '--name', 'work', 'scratch')).toExitWith(0);
      expect(await clients.buildah('copy', 'work', 'content.txt', '/')).toExitWith(0);
      expect(await clients.buildah('commit', 'work', 'built')).toExitWith(0);
      const own = `${host}/acme/payments/buildah:1`;
      expect(await clients.buildah('push', HTTP, 'built', own)).toExitWith(0);
      expect(await clients.buildah('pull', HTTP, own)).toExitWith(0);
      expect(await clients.buildah('push', HTTP, 'built', `${host}/acme/payments/other:1`)).toExitWith(0);
      expect(scenario.registry.log()).toMatch(/payments\/other\/blobs\/uploads\/\?.*mount=sha256/);
      const wrong = await clients.buildah('login', HTTP, '-u', 'edge-puller', '-p', 'ghdt_edge_no', host);
      expect(wrong).not.toExitWith(0);
      expect(said(wrong)).toMatch(/invalid username\/password|unauthorized/);
      const denied = await clients.buildah('push', HTTP, 'built', `${host}/acme/web/buildah:1`);
      expect(denied).not.toExitWith(0);
      expect(said(denied)).toContain('resource_not_granted');
    });
  });

  describe('helm', () => {
    test('logs in, pushes and pulls a chart, and prints the reason of a denial', async () => {
      const { clients, host, job } = scenario;
      const chart = join(clients.folder, 'chart');
      mkdirSync(chart);
      writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: hello\nversion: 1.0.0\n');
      expect(await clients.helm('package', chart)).toExitWith(0);
      const login = await clients.helm(
        'registry',
        'login',
        '--plain-http',
        '-u',
        'ci',
        '-p',
        job.idToken(),
        host,
      );
      expect(login).toExitWith(0);
      const push = (to: string): Promise<Outcome> =>
        clients.helm('push', '--plain-http', 'hello-1.0.0.tgz', `oci://${host}/${to}`);
      expect(await push('acme/payments/charts')).toExitWith(0);
      mkdirSync(join(clients.folder, 'got'));
      const pull = await clients.helm(
        'pull',
        '--plain-http',
        `oci://${host}/acme/payments/charts/hello`,
        '--version',
        '1.0.0',
        '-d',
        'got',
      );
      expect(pull.code, said(pull)).toBe(0);
      const denied = await push('acme/web/charts');
      expect(denied).not.toExitWith(0);
      expect(said(denied)).toContain('resource_not_granted');
      const wrong = await clients.helm(
        'registry',
        'login',
        '--plain-http',
        '-u',
        'edge-puller',
        '-p',
        'ghdt_edge_no',
        host,
      );
      expect(wrong).not.toExitWith(0);
      expect(said(wrong)).toContain('credential_invalid');
    });
  });
});

needs('docker-registry', 'skopeo', 'docker').describe('challenge: basic', () => {
  const { test } = needs();

  test('clients log in, push and pull without a token endpoint', async () => {
    const scenario = await startRegistryScenario({ service: ['challenge: basic'] });
    const { clients, host, job } = scenario;
    const login = await clients.docker('login', '-u', 'ci', '-p', job.idToken(), host);
    expect(login).toExitWith(0);
    const image = writeImage(clients.folder, 'basic');
    const remote = `docker://${host}/acme/payments/basic:1`;
    const creds = `gitlab-ci-token:${job.token}`;
    const push = await clients.skopeo(
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      creds,
      image,
      remote,
    );
    expect(push).toExitWith(0);
    const target = `dir:${clients.folder}/pulled`;
    const pull = await clients.skopeo('copy', '--src-tls-verify=false', '--src-creds', creds, remote, target);
    expect(pull).toExitWith(0);
    expect(scenario.gateway.auditText()).not.toContain('"path":"/token"');
    const wrong = await clients.skopeo(
      'login',
      '--tls-verify=false',
      '-u',
      'edge-puller',
      '-p',
      'ghdt_no',
      host,
    );
    expect(wrong).not.toExitWith(0);
  });

  test('anonymous clients pull public repositories, with a docker challenge for others', async () => {
    const scenario = await startRegistryScenario();
    const { clients, host, registry } = scenario;
    const image = writeImage(clients.folder, 'public');
    await clients.skopeo(
      'copy',
      '--dest-tls-verify=false',
      image,
      `docker://${registry.host}/public/hello:1`,
    );
    const pull = await clients.skopeo(
      'copy',
      '--src-tls-verify=false',
      `docker://${host}/public/hello:1`,
      `dir:${clients.folder}/open`,
    );
    expect(pull).toExitWith(0);
    const closed = await clients.skopeo(
      'inspect',
      '--tls-verify=false',
      `docker://${host}/acme/payments/api:1`,
    );
    expect(closed).not.toExitWith(0);
    expect(said(closed)).toContain('docker login');
  });
});
