/** Cross-repository mounts by engines that keep the source of each blob. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startContainerd, startDockerd, type ContainerEngine } from '../support/container-engines.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

const scenario = useStarted(() => startRegistryScenario());

/** Publishes an image as acme/payments/NAME:1. */
async function publish(name: string): Promise<string> {
  const { clients, host, job } = scenario;
  const image = `${host}/acme/payments/${name}:1`;
  const login = ['--dest-tls-verify=false', '--dest-creds', `ci:${job.idToken()}`];
  expect(
    await clients.skopeo('copy', ...login, writeImage(clients.folder, name), `docker://${image}`),
  ).toExitWith(0);
  return image;
}

/** A registry token for these scopes. */
async function registryToken(...scopes: readonly string[]): Promise<string> {
  const query = new URLSearchParams([['service', scenario.host], ...scopes.map((scope) => ['scope', scope])]);
  const response = await fetch(`http://${scenario.host}/token?${query.toString()}`, {
    headers: { Authorization: `Basic ${btoa(`ci:${scenario.job.idToken()}`)}` },
  });
  return ((await response.json()) as { token: string }).token;
}

/** Status and query of the starts of uploads to a repository, in the order of the registry's log. */
function uploads(repository: string): readonly string[] {
  const pattern = new RegExp(
    `"POST /v2/acme/payments/${repository}/blobs/uploads/(\\S*) HTTP/1.1" (\\d+)`,
    'g',
  );
  return [...scenario.registry.log().matchAll(pattern)].map(
    ([, query = '', status = '']) => `${status} ${query === '' ? 'upload' : 'mount'}`,
  );
}

needs('docker-registry', 'skopeo').describe('mounts', () => {
  needs('containerd', 'ctr').describe('containerd', () => {
    let containerd: ContainerEngine;
    beforeAll(async () => {
      containerd = await startContainerd();
    });
    afterAll(() => containerd.close());
    const remote = (credential: string): readonly string[] => ['--plain-http', '--user', `ci:${credential}`];

    test('mounts with the credential of a job', async () => {
      const [source, target] = [await publish('ctr'), `${scenario.host}/acme/payments/ctr-copy:1`];
      const login = remote(scenario.job.idToken());
      expect(await containerd.run('content', 'fetch', ...login, source)).toExitWith(0);
      expect(await containerd.run('images', 'tag', source, target)).toExitWith(0);
      expect(await containerd.run('images', 'push', ...login, target)).toExitWith(0);
      expect(new Set(uploads('ctr-copy'))).toEqual(new Set(['201 mount']));
    });

    test('uploads with a token as password that does not include the source', async () => {
      const [source, target] = [
        await publish('ctr-limited'),
        `${scenario.host}/acme/payments/ctr-limited-copy:1`,
      ];
      const login = remote(scenario.job.idToken());
      expect(await containerd.run('content', 'fetch', ...login, source)).toExitWith(0);
      expect(await containerd.run('images', 'tag', source, target)).toExitWith(0);
      const limited = remote(await registryToken('repository:acme/payments/ctr-limited-copy:pull,push'));
      expect(await containerd.run('images', 'push', ...limited, target)).toExitWith(0);
      expect(new Set(uploads('ctr-limited-copy'))).toEqual(new Set(['202 upload']));
    });
  });

  needs('dockerd', 'docker').describe('docker engine', () => {
    let docker: ContainerEngine;
    beforeAll(async () => {
      docker = await startDockerd();
    }, 60_000);
    afterAll(() => docker.close());

    test('logs in, pulls, mounts into another repository and pushes', async () => {
      const [source, target] = [await publish('docker'), `${scenario.host}/acme/payments/docker-copy:1`];
      const login = await docker.run('login', '-u', 'ci', '-p', scenario.job.idToken(), scenario.host);
      expect(login).toExitWith(0);
      expect(await docker.run('pull', source)).toExitWith(0);
      expect(await docker.run('tag', source, target)).toExitWith(0);
      expect(await docker.run('push', target)).toExitWith(0);
      expect(uploads('docker-copy')).toContain('201 mount');
    });

    test('uploads with a token as password that does not include the source', async () => {
      const [source, target] = [
        await publish('docker-limited'),
        `${scenario.host}/acme/payments/docker-limited-copy:1`,
      ];
      const scopes = ['repository:acme/payments/docker-limited-copy:pull,push'];
      expect(await docker.run('login', '-u', 'ci', '-p', scenario.job.idToken(), scenario.host)).toExitWith(
        0,
      );
      expect(await docker.run('pull', source)).toExitWith(0);
      expect(await docker.run('tag', source, target)).toExitWith(0);
      expect(
        await docker.run('login', '-u', 'ci', '-p', await registryToken(...scopes), scenario.host),
      ).toExitWith(0);
      expect(await docker.run('push', target)).toExitWith(0);
      expect(uploads('docker-limited-copy')).toContain('202 upload');
    });
  });
});
