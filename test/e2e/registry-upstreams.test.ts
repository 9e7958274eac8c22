import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { startTokenServer } from '../support/registry-token-server.ts';
import { startRegistryScenario, type RegistryScenario } from '../support/scenario/registry.ts';

const keep = cleanUp();
const PASSWORD = 'canary-upstream-8c1f';

async function pushAndPull({ clients, host, job }: RegistryScenario, name: string): Promise<void> {
  const image = writeImage(clients.folder, name);
  const remote = `docker://${host}/acme/payments/${name}:1`;
  const creds = `ci:${job.idToken()}`;
  const push = await clients.skopeo('copy', '--dest-tls-verify=false', '--dest-creds', creds, image, remote);
  expect(push).toExitWith(0);
  const target = `dir:${clients.folder}/pulled`;
  const pull = await clients.skopeo('copy', '--src-tls-verify=false', '--src-creds', creds, remote, target);
  expect(pull).toExitWith(0);
  const gone = await clients.skopeo('delete', '--tls-verify=false', '--creds', creds, remote);
  expect(gone).toExitWith(0);
}

needs('docker-registry', 'skopeo', 'htpasswd').describe('registries that require a credential', () => {
  const { test } = needs();

  test('Basic: the gateway sends its credential', async () => {
    const registry = keep(await startRegistry({ kind: 'htpasswd', username: 'gate', password: PASSWORD }));
    const scenario = await startRegistryScenario({
      registry,
      auth: '{ basic: { username: gate, passwordFile: password } }',
      files: { password: PASSWORD },
    });
    await pushAndPull(scenario, 'api');
    expect(registry.log()).not.toContain(scenario.job.token);
    expect(scenario.gateway.auditText()).not.toContain(PASSWORD);
  });

  test('a wrong upstream credential is a gateway error, not a client error', async () => {
    const registry = keep(await startRegistry({ kind: 'htpasswd', username: 'gate', password: PASSWORD }));
    const scenario = await startRegistryScenario({
      registry,
      auth: '{ basic: { username: gate, password: wrong } }',
    });
    const response = await fetch(`http://${scenario.host}/v2/acme/payments/api/tags/list`, {
      headers: { authorization: `Bearer ${scenario.job.idToken()}` },
    });
    expect(response.status).toBe(502);
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(await response.text()).toContain('upstream_unauthorized');
  });

  test('tokens of its token service: fetched per scope set, cached, renewed, not visible to clients', async () => {
    const tokens = keep(await startTokenServer('gate', PASSWORD));
    const registry = keep(
      await startRegistry({
        kind: 'token',
        realm: tokens.url,
        service: tokens.service,
        issuer: tokens.issuer,
        certificate: tokens.certificate,
      }),
    );
    let ahead = 0;
    const scenario = await startRegistryScenario({
      registry,
      clock: { now: () => Date.now() + ahead },
      auth: `{ registryToken: { url: "${tokens.url}", service: ${tokens.service}, username: gate, passwordFile: password } }`,
      files: { password: PASSWORD },
    });
    await pushAndPull(scenario, 'api');
    const asked = tokens.asked.map((scopes) => scopes.join(' '));
    expect(new Set(asked)).toEqual(
      new Set([
        'repository:acme/payments/api:pull',
        'repository:acme/payments/api:pull,push',
        'repository:acme/payments/api:delete',
      ]),
    );
    expect(asked).toHaveLength(3);

    const tags = (): Promise<Response> =>
      fetch(`http://${scenario.host}/v2/acme/payments/other/tags/list`, {
        headers: { authorization: `Bearer ${scenario.gitlab.mint({}, { lifetime: 3_600 })}` },
      });
    await tags();
    ahead = (tokens.lifetime - 1) * 1000;
    // The revocation list must be read first, at the new time.
    await eventually('a response', async () => (await tags()).status !== 503);
    expect(tokens.asked.filter(([scope]) => scope === 'repository:acme/payments/other:pull')).toHaveLength(2);
  });

  test('an unreachable token service, or one that refuses the credential', async () => {
    const tokens = await startTokenServer('gate', PASSWORD);
    const registry = keep(
      await startRegistry({
        kind: 'token',
        realm: tokens.url,
        service: tokens.service,
        issuer: tokens.issuer,
        certificate: tokens.certificate,
      }),
    );
    let ahead = 0;
    const scenario = await startRegistryScenario({
      registry,
      clock: { now: () => Date.now() + ahead },
      auth: `{ registryToken: { url: "${tokens.url}", service: ${tokens.service}, username: gate, password: wrong } }`,
    });
    const tags = async (): Promise<string> => {
      const response = await fetch(`http://${scenario.host}/v2/acme/payments/api/tags/list`, {
        headers: { authorization: `Bearer ${scenario.job.idToken()}` },
      });
      return `${response.status} ${await response.text()}`;
    };
    expect(await tags()).toMatch(/^502 .*upstream_unauthorized/);
    // The password is not sent again at once: repeated failures can lock accounts.
    expect(await tags()).toMatch(/^502 .*upstream_unauthorized/);
    expect(tokens.refused).toBe(1);
    await tokens.close();
    ahead = 31_000;
    expect(await tags()).toMatch(/^502 .*upstream_unreachable/);
  });
});

needs('docker-registry', 'skopeo').describe('several registries on one host', () => {
  const { test } = needs();

  test('by prefix: one login; each repository is forwarded to its registry without the prefix', async () => {
    const second = keep(await startRegistry());
    const scenario = await startRegistryScenario({
      service: ['repositoryPrefix: acme/payments/'],
      services: [`web: { type: oci, repositoryPrefix: acme/web/, upstream: { url: "${second.url}" } }`],
    });
    await pushAndPull(scenario, 'team/api');
    expect(scenario.registry.log()).toContain('/v2/team/api/manifests/1');
    expect(scenario.registry.log()).not.toContain('/v2/acme');
    const page = await fetch(`http://${scenario.host}/v2/acme/payments/team/api/tags/list?n=1`, {
      headers: { authorization: `Bearer ${scenario.job.idToken()}` },
    });
    expect(page.status).toBe(200);
    expect(second.log()).not.toContain('team/api');
    const ping = await fetch(`http://${scenario.host}/v2/`);
    expect(ping.status).toBe(401);
    expect(ping.headers.get('www-authenticate')).toContain('/token"');
    const nowhere = await fetch(`http://${scenario.host}/v2/acme/other/tags/list`, {
      headers: { authorization: `Bearer ${scenario.job.idToken()}` },
    });
    expect(nowhere.status).toBe(403);
  });
});
