/** A registry that writes another address of itself into its responses (`http.host`), listed in `upstream.aliases`. */
import { expect, test } from 'vitest';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

const ALIAS = 'https://registry.example.com';

needs('docker-registry', 'skopeo', 'podman').describe('a registry with another address', () => {
  const scenario = useStarted(() =>
    startRegistryScenario({
      registry: () => startRegistry({ kind: 'none' }, `${ALIAS}/`),
      upstream: `aliases: ["${ALIAS}/"]`,
    }),
  );

  test('writes that address into the location of an upload', async () => {
    const direct = await fetch(`${scenario.registry.url}/v2/acme/payments/x/blobs/uploads/`, {
      method: 'POST',
    });
    expect(direct.headers.get('location')).toMatch(`${ALIAS}/v2/acme/payments/x/blobs/uploads/`);
    const authorization = `Basic ${btoa(`ci:${scenario.job.idToken()}`)}`;
    const { token } = (await (
      await fetch(
        `${scenario.gateway.url}/token?service=${scenario.host}&scope=repository:acme/payments/x:pull,push`,
        {
          headers: { authorization },
        },
      )
    ).json()) as { token: string };
    const upload = await fetch(`${scenario.gateway.url}/v2/acme/payments/x/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(upload.status).toBe(202);
    expect(upload.headers.get('location')).toMatch(/^\/v2\/acme\/payments\/x\/blobs\/uploads\//);
    expect([...upload.headers.values()].join()).not.toContain('registry.example.com');
  });

  test('takes a push by skopeo, and a pull and a push by podman', async () => {
    const { clients, host, job } = scenario;
    const image = writeImage(clients.folder, 'aliased');
    const creds = `ci:${job.idToken()}`;
    const to = `docker://${host}/acme/payments/api:1`;
    const push = await clients.skopeo('copy', '--dest-tls-verify=false', '--dest-creds', creds, image, to);
    expect(push).toExitWith(0);
    const http = '--tls-verify=false';
    expect(await clients.podman('login', http, '-u', 'ci', '-p', job.idToken(), host)).toExitWith(0);
    const [source, again] = [`${host}/acme/payments/api:1`, `${host}/acme/payments/web:1`];
    expect(await clients.podman('pull', http, source)).toExitWith(0);
    expect(await clients.podman('push', http, source, again)).toExitWith(0);
  });
});
