/** The text that container engines print for a refusal is the one in docs/reference/refusals.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startContainerd, startDockerd, type ContainerEngine } from '../support/container-engines.ts';
import { createContainerClients } from '../support/container-clients.ts';
import { writeImage } from '../support/image.ts';
import { needing, needs } from '../support/needs.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import { run } from '../support/run.ts';
import { useRefusedScenario } from '../support/scenario/refused.ts';

/** The client of the Debian package contains BuildKit's client; a client from elsewhere needs the plugin buildx. */
const DEBIAN_DOCKER = '/usr/bin/docker';

const isRoot = process.getuid?.() === 0 ? undefined : 'container engines need root';

needing(isRoot).describe('container engines', () => {
  const { scenario } = useRefusedScenario('http://gateway.example.com');

  const registry = (): string => `localhost:${scenario.gateway.port}`;
  const token = (): string => scenario.job.idToken();

  needs('dockerd', 'docker').describe('docker', () => {
    const { test } = needs();
    let engine: ContainerEngine;
    let folder: string;

    beforeAll(async () => {
      folder = join(scenario.folder, 'engine');
      mkdirSync(folder);
      engine = await startDockerd(join(folder, 'config'));
      writeFileSync(join(folder, 'content.txt'), 'pushed by dockerd');
      execFileSync('tar', ['cf', 'layer.tar', 'content.txt'], { cwd: folder });
      await engine.run('import', join(folder, 'layer.tar'), `${registry()}/acme/mine:1`);
      await engine.run('tag', `${registry()}/acme/mine:1`, `${registry()}/public/base:1`);
    }, 60_000);
    afterAll(() => engine.close());

    const login = (secret: string) => engine.run('login', '-u', 'ci', '-p', secret, registry());

    test('login, pull and push', async () => {
      const unmatched = await login(scenario.job.idToken({ project_id: '99' }));
      expectDocumented('docker', 'docker login, no identity', unmatched);
      expectDocumented('docker', 'docker login, unexpanded variable', await login('$GATEHOUSE_TOKEN'));
      const anonymous = await engine.run('push', `${registry()}/public/base:1`);
      expectDocumented('docker', 'docker push, anonymous', anonymous);
      await login(token());
      expectDocumented('docker', 'docker pull', await engine.run('pull', `${registry()}/acme/other:1`));
      expectDocumented('docker', 'docker push', await engine.run('push', `${registry()}/acme/mine:1`));
    }, 60_000);

    needing(
      existsSync(DEBIAN_DOCKER) ? undefined : 'docker is not from Debian: apt-get install docker.io',
    ).test(
      'BuildKit',
      async () => {
        await login(token());
        writeFileSync(join(folder, 'Dockerfile'), `FROM ${registry()}/acme/other:1\n`);
        const built = await run(DEBIAN_DOCKER, [...engine.clientArgs, 'build', '--progress=plain', folder], {
          env: { PATH: process.env['PATH'], HOME: folder, DOCKER_BUILDKIT: '1' },
        });
        expectDocumented('BuildKit', 'docker build', built);
        await login(scenario.job.idToken());
      },
      60_000,
    );
  });

  needs('containerd', 'ctr', 'skopeo').describe('containerd', () => {
    const { test } = needs();
    let engine: ContainerEngine;
    beforeAll(async () => {
      engine = await startContainerd();
    }, 60_000);
    afterAll(() => engine.close());

    test('ctr', async () => {
      const clients = createContainerClients();
      const archive = join(scenario.folder, 'containerd.tar');
      const mine = `${registry()}/acme/mine:1`;
      await clients.skopeo('copy', writeImage(clients.folder, 'ctr'), `oci-archive:${archive}:${mine}`);
      clients.close();
      await engine.run('images', 'import', '--no-unpack', archive);
      const options = (secret: string) => ['--plain-http', '--user', `ci:${secret}`];
      const images = (verb: string, ...args: readonly string[]) => engine.run('images', verb, ...args);
      const pulled = await images('pull', ...options(token()), `${registry()}/acme/other:1`);
      expectDocumented('containerd', 'ctr images pull', pulled);
      expectDocumented(
        'containerd',
        'ctr images push',
        await images('push', ...options(token()), mine, mine),
      );
      const variable = await images('pull', ...options('$GATEHOUSE_TOKEN'), `${registry()}/acme/other:1`);
      expectDocumented('containerd', 'ctr images pull, unexpanded variable', variable);
    }, 60_000);
  });
});
