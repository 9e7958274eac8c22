/** Container clients with the configuration that `ci-templates/setup.sh` writes, against a registry behind the gateway. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { startDockerd } from '../support/container-engines.ts';
import { helmBinary } from '../support/helm.ts';
import { writeImage } from '../support/image.ts';
import { needing, needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { startScenarioJob, type SetupJob, type ShellName } from '../support/setup-script.ts';

// The realm of the challenge has the scheme of `publicUrl`.
const PUBLIC_URL = 'http://gateway.example.com';

const scenario = useJobScenario({
  audience: PUBLIC_URL,
  server: { publicUrl: PUBLIC_URL },
  backends: () => ({ registry: () => startRegistry() }),
  config: ({ gitlab, registry }) =>
    feedConfig({
      gitlab: gitlab.url,
      grants: `[{ service: registry, scopes: [read_registry, write_registry], resources: ["acme/payments/**"] }]`,
      deployToken: '{ service: registry, scopes: [read_registry], resources: ["**"] }',
      services: `  registry: { type: oci, upstream: { url: "${registry.url}" } }`,
    }),
});

function job(shell: ShellName): SetupJob {
  const created = startScenarioJob(scenario, shell);
  writeFileSync(join(created.home, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  return created;
}
const repository = (name: string): string => `127.0.0.1:${scenario.gateway.port}/acme/payments/${name}`;

needs('busybox', 'curl', 'dash', 'docker-registry', 'skopeo').describe('skopeo', () => {
  const { test } = needs();
  test('pushes and pulls without a login, in dash and busybox', async () => {
    for (const shell of ['dash', 'busybox'] as const) {
      const created = job(shell);
      const image = writeImage(created.home, shell);
      const skopeo = `skopeo --policy "$HOME/policy.json"`;
      const { code, stdout, stderr } = await created.afterSetup([
        `${skopeo} copy --dest-tls-verify=false ${image} docker://${repository(shell)}:1`,
        `${skopeo} copy --src-tls-verify=false docker://${repository(shell)}:1 "dir:$HOME/pulled"`,
      ]);
      expect({ code, stdout, stderr }).toExitWith(0);
    }
  });

  test('the credential helper renews a token that expires', async () => {
    const created = job('dash');
    const ask = 'printf "%s" "$HOST" | docker-credential-gatehouse get';
    const env = { HOST: `127.0.0.1:${scenario.gateway.port}` };
    const first = await created.afterSetup([`${ask}`], env);
    expect(first).toExitWith(0);
    const file = join(created.directory, 'token');
    const [token = '', login = ''] = readFileSync(file, 'utf8').split('\n');
    expect(first.stdout).toContain(`{"ServerURL":"${env.HOST}","Username":"gatehouse","Secret":"${token}"}`);
    writeFileSync(file, `${token}\n${login}\n${Math.floor(Date.now() / 1000) + 30}\n`);
    const again = await created.script(['. "$DIR/env"', ask], { ...env, DIR: created.directory });
    expect(again).toExitWith(0);
    const [, renewed = ''] = /"Secret":"([^"]+)"/.exec(again.stdout) ?? [];
    expect(renewed).toMatch(/^eyJ/);
    expect(renewed).not.toBe(token);
    expect(readFileSync(file, 'utf8')).toContain(renewed);
    // Not a registry of the gateway: no token.
    const other = await created.script(['. "$DIR/env"', ask], {
      HOST: 'registry.example.com',
      DIR: created.directory,
    });
    expect([other.code, other.stdout]).toEqual([1, 'credentials not found in native keychain\n']);
  });
});

needs('buildah', 'curl', 'docker-registry', 'skopeo').test('buildah pulls and pushes', async () => {
  const created = job('dash');
  const image = writeImage(created.home, 'buildah');
  const buildah = 'buildah --root "$HOME/storage" --runroot "$HOME/run" --storage-driver vfs';
  const options = '--tls-verify=false --signature-policy "$HOME/policy.json"';
  const { code, stdout, stderr } = await created.afterSetup([
    `skopeo --policy "$HOME/policy.json" copy --dest-tls-verify=false ${image} docker://${repository('buildah')}:1`,
    `id=$(${buildah} pull ${options} docker://${repository('buildah')}:1)`,
    `${buildah} push ${options} "$id" docker://${repository('buildah')}:2`,
  ]);
  expect({ code, stdout, stderr }).toExitWith(0);
});

needs('curl', 'docker-registry', 'podman', 'skopeo').test('podman pulls', async () => {
  const created = job('dash');
  const image = writeImage(created.home, 'podman');
  const { code, stdout, stderr } = await created.afterSetup([
    `skopeo --policy "$HOME/policy.json" copy --dest-tls-verify=false ${image} docker://${repository('podman')}:1`,
    `podman --root "$HOME/storage" --runroot "$HOME/run" --storage-driver vfs --cgroup-manager cgroupfs pull --tls-verify=false --signature-policy "$HOME/policy.json" ${repository('podman')}:1`,
  ]);
  expect({ code, stdout, stderr }).toExitWith(0);
});

needs('curl', 'docker', 'docker-registry', 'skopeo').test(
  'docker reads a manifest with the helper',
  async () => {
    const created = job('bash');
    const image = writeImage(created.home, 'docker');
    const { code, stdout, stderr } = await created.afterSetup([
      `skopeo --policy "$HOME/policy.json" copy --format v2s2 --dest-tls-verify=false ${image} docker://${repository('docker')}:1`,
      `docker manifest inspect --insecure ${repository('docker')}:1`,
    ]);
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('"schemaVersion": 2');
  },
);

needs('curl', 'docker-registry').test('helm pushes and pulls a chart', async () => {
  const created = job('dash');
  const helm = await helmBinary();
  const { code, stdout, stderr } = await created.afterSetup([
    'cd "$HOME"',
    `${helm} create web >/dev/null`,
    `${helm} package web >/dev/null`,
    `${helm} push web-0.1.0.tgz oci://127.0.0.1:${scenario.gateway.port}/acme/payments/charts --plain-http`,
    `${helm} pull oci://127.0.0.1:${scenario.gateway.port}/acme/payments/charts/web --version 0.1.0 --plain-http`,
  ]);
  expect({ code, stdout, stderr }).toExitWith(0);
});

const isRoot = process.getuid?.() === 0 ? undefined : 'the docker engine needs root';

needing(isRoot).describe('the docker engine', () => {
  const { test } = needs('busybox', 'curl', 'docker', 'docker-registry', 'dockerd');

  test('pushes and pulls without a login, in busybox', async () => {
    const engine = await startDockerd();
    onTestFinished(() => engine.close());
    const created = job('busybox');
    writeFileSync(join(created.project, 'content.txt'), 'content');
    const [, socket = ''] = engine.clientArgs;
    const { code, stdout, stderr } = await created.afterSetup(
      [
        'tar cf layer.tar content.txt',
        `docker import layer.tar ${repository('engine')}:1`,
        `docker push ${repository('engine')}:1`,
        `docker rmi ${repository('engine')}:1`,
        `docker pull ${repository('engine')}:1`,
      ],
      { DOCKER_HOST: socket },
    );
    expect({ code, stdout, stderr }).toExitWith(0);
  }, 60_000);
});
