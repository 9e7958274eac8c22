import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistryRig, type RegistryRig } from '../support/registry-rig.ts';

const OK = { code: 0 };
const CLIENTS = ['docker-registry', 'skopeo', 'podman', 'buildah', 'docker', 'openssl'] as const;

needs(...CLIENTS).describe('every client over TLS, with a private CA configured per client', () => {
  const { test } = needs();
  let rig: RegistryRig;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
    const authority = createAuthority('registry test');
    const { cert, key } = authority.issue('IP:127.0.0.1');
    const caFile = join(folder, 'ca.crt');
    writeFileSync(caFile, authority.certificate);
    rig = await startRegistryRig({
      files: { 'tls.crt': cert, 'tls.key': key },
      server: ['tls: { certFile: tls.crt, keyFile: tls.key }'],
      publicUrl: 'https://gateway.example.com',
      caFile,
    });
  });
  afterAll(async () => {
    await rig.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('docker', async () => {
    const { clients, host, job } = rig;
    expect(await clients.docker('login', '-u', 'ci', '-p', job.idToken(), host)).toMatchObject(OK);
  });

  test('skopeo, podman, buildah', async () => {
    const { clients, host, job } = rig;
    const image = writeImage(clients.folder, 'tls');
    const name = `${host}/acme/payments/tls:1`;
    expect(await clients.skopeo('login', '-u', 'ci', '-p', job.idToken(), host)).toMatchObject(OK);
    expect(await clients.skopeo('copy', image, `docker://${name}`)).toMatchObject(OK);
    expect(await clients.podman('pull', name)).toMatchObject(OK);
    expect(await clients.podman('push', name, `${host}/acme/payments/podman:1`)).toMatchObject(OK);
    expect(await clients.buildah('pull', name)).toMatchObject(OK);
    expect(await clients.buildah('push', name, `${host}/acme/payments/buildah:1`)).toMatchObject(OK);
  });

  test('helm', async () => {
    const { clients, host, job } = rig;
    const chart = join(clients.folder, 'chart');
    mkdirSync(chart);
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: hello\nversion: 1.0.0\n');
    await clients.helm('package', chart);
    expect(await clients.helm('registry', 'login', '-u', 'ci', '-p', job.idToken(), host)).toMatchObject(OK);
    const to = `oci://${host}/acme/payments/charts`;
    expect(await clients.helm('push', 'hello-1.0.0.tgz', to)).toMatchObject(OK);
    expect(await clients.helm('show', 'chart', `${to}/hello`)).toMatchObject(OK);
  });
});
