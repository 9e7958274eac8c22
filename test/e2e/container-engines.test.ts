/** The docker engine, its BuildKit, and containerd: login, push and pull through the gateway. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startContainerd, startDockerd, type ContainerEngine } from '../support/container-engines.ts';
import { writeImage } from '../support/image.ts';
import { needing, needs } from '../support/needs.ts';
import { run, type Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

/** The client of the Debian package contains BuildKit's client; a client from elsewhere needs the plugin buildx. */
const DEBIAN_DOCKER = '/usr/bin/docker';

const isRoot = process.getuid?.() === 0 ? undefined : 'container engines need root';

needing(isRoot).describe('container engines', () => {
  const scenario = useStarted(() => startRegistryScenario());

  const image = (name: string): string => `${scenario.host}/acme/payments/${name}:1`;

  function expectDone(outcome: Outcome): void {
    expect(outcome).toExitWith(0);
  }

  needs('dockerd', 'docker', 'docker-registry').describe('docker engine', () => {
    const { test } = needs();
    let engine: ContainerEngine;
    let folder: string;

    beforeAll(async () => {
      folder = join(scenario.clients.folder, 'engine');
      mkdirSync(folder);
      engine = await startDockerd(join(folder, 'config'));
      writeFileSync(join(folder, 'content.txt'), 'pushed by dockerd');
      execFileSync('tar', ['cf', 'layer.tar', 'content.txt'], { cwd: folder });
      expectDone(await engine.run('import', join(folder, 'layer.tar'), image('app')));
    }, 60_000);
    afterAll(() => engine.close());

    test('pushes with an ID token and pulls with a deploy token', async () => {
      expectDone(await engine.run('login', '-u', 'ci', '-p', scenario.job.idToken(), scenario.host));
      expectDone(await engine.run('push', image('app')));
      expectDone(await engine.run('tag', image('app'), `${scenario.host}/acme/base/app:1`));
      const refused = await engine.run('push', `${scenario.host}/acme/base/app:1`);
      expect(refused).not.toExitWith(0);
      expect(refused.stderr + refused.stdout).toMatch(/denied/i);
      expectDone(await engine.run('login', '-u', 'edge-puller', '-p', DEPLOY_SECRET, scenario.host));
      expectDone(await engine.run('rmi', image('app'), `${scenario.host}/acme/base/app:1`));
      expectDone(await engine.run('pull', image('app')));
    }, 60_000);

    needing(
      existsSync(DEBIAN_DOCKER) ? undefined : 'docker is not from Debian: apt-get install docker.io',
    ).test(
      'BuildKit builds on a base image of the registry, and the result is pushed',
      async () => {
        expectDone(await engine.run('login', '-u', 'ci', '-p', scenario.job.idToken(), scenario.host));
        expectDone(await engine.run('push', image('app')));
        expectDone(await engine.run('rmi', image('app')));
        writeFileSync(join(folder, 'Dockerfile'), `FROM ${image('app')}\nCOPY content.txt /copied.txt\n`);
        const built = await run(
          DEBIAN_DOCKER,
          [...engine.clientArgs, 'build', '--progress=plain', '--tag', image('built'), folder],
          { env: { PATH: process.env['PATH'], HOME: folder, DOCKER_BUILDKIT: '1' } },
        );
        expectDone(built);
        expect(built.stderr).toContain('load metadata for');
        expectDone(await engine.run('push', image('built')));
      },
      60_000,
    );
  });

  needs('containerd', 'ctr', 'docker-registry', 'skopeo').describe('containerd', () => {
    const { test } = needs();
    let engine: ContainerEngine;
    beforeAll(async () => {
      engine = await startContainerd();
    }, 60_000);
    afterAll(() => engine.close());

    test('pushes with a job token and pulls with a deploy token', async () => {
      const archive = join(scenario.clients.folder, 'containerd.tar');
      const layout = writeImage(scenario.clients.folder, 'pushed by containerd');
      expectDone(await scenario.clients.skopeo('copy', layout, `oci-archive:${archive}:${image('ctr')}`));
      expectDone(await engine.run('images', 'import', '--no-unpack', archive));
      const push = (user: string, name: string): Promise<Outcome> =>
        engine.run('images', 'push', '--plain-http', '--user', user, name, image('ctr'));
      expectDone(await push(`gitlab-ci-token:${scenario.job.token}`, image('ctr')));
      const refused = await push(`gitlab-ci-token:${scenario.job.token}`, `${scenario.host}/acme/base/ctr:1`);
      expect(refused).not.toExitWith(0);
      expectDone(await engine.run('images', 'rm', '--sync', image('ctr')));
      const user = `edge-puller:${DEPLOY_SECRET}`;
      expectDone(
        await engine.run(
          'images',
          'pull',
          '--plain-http',
          '--snapshotter',
          'native',
          '--user',
          user,
          image('ctr'),
        ),
      );
    }, 60_000);
  });

  describe('the audit log', () => {
    needs('dockerd', 'containerd').test('contains requests of both engines', async () => {
      const agents = (await scenario.gateway.audit()).map((event) => JSON.stringify(event));
      for (const agent of ['docker/', 'containerd/'])
        expect(agents.some((event) => event.includes(agent))).toBe(true);
    });
  });
});
