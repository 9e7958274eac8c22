import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { gatewayTls, type GatewayTls } from '../support/scenario/tls.ts';
import { useStarted } from '../support/use-started.ts';

const CLIENTS = ['docker-registry', 'skopeo', 'podman', 'buildah', 'docker', 'openssl'] as const;

needs(...CLIENTS).describe('every client over TLS, with a private CA configured per client', () => {
  const { test } = needs();
  let tls: GatewayTls | undefined;
  const scenario = useStarted(() => {
    tls = gatewayTls();
    return startRegistryScenario({ tls, publicUrl: 'https://gateway.example.com' });
  });
  afterAll(() => tls?.close());

  test('docker', async () => {
    const { clients, host, job } = scenario;
    expect(await clients.docker('login', '-u', 'ci', '-p', job.idToken(), host)).toExitWith(0);
  });

  test('skopeo, podman, buildah', async () => {
    const { clients, host, job } = scenario;
    const image = writeImage(clients.folder, 'tls');
    const name = `${host}/acme/payments/tls:1`;
    expect(await clients.skopeo('login', '-u', 'ci', '-p', job.idToken(), host)).toExitWith(0);
    expect(await clients.skopeo('copy', image, `docker://${name}`)).toExitWith(0);
    expect(await clients.podman('pull', name)).toExitWith(0);
    expect(await clients.podman('push', name, `${host}/acme/payments/podman:1`)).toExitWith(0);
    expect(await clients.buildah('pull', name)).toExitWith(0);
    expect(await clients.buildah('push', name, `${host}/acme/payments/buildah:1`)).toExitWith(0);
  });

  test('helm', async () => {
    const { clients, host, job } = scenario;
    const chart = join(clients.folder, 'chart');
    mkdirSync(chart);
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: hello\nversion: 1.0.0\n');
    await clients.helm('package', chart);
    expect(await clients.helm('registry', 'login', '-u', 'ci', '-p', job.idToken(), host)).toExitWith(0);
    const to = `oci://${host}/acme/payments/charts`;
    expect(await clients.helm('push', 'hello-1.0.0.tgz', to)).toExitWith(0);
    expect(await clients.helm('show', 'chart', `${to}/hello`)).toExitWith(0);
  });
});
