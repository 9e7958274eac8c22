import { expect, test } from 'vitest';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

needs('docker-registry', 'skopeo').describe('skopeo through the gateway', () => {
  const HTTP = '--tls-verify=false';
  const scenario = useStarted(() => startRegistryScenario());

  test('logs in, pushes, lists, pulls, mounts and deletes', async () => {
    const { clients, host, job, registry } = scenario;
    const image = writeImage(clients.folder, 'one');
    const login = await clients.skopeo('login', HTTP, '-u', 'ci', '-p', job.idToken(), host);
    expect(login).toExitWith(0);
    const to = `docker://${host}/acme/payments/api:1`;
    const push = await clients.skopeo('copy', '--dest-tls-verify=false', image, to);
    expect(push).toExitWith(0);
    const tags = await clients.skopeo('list-tags', HTTP, `docker://${host}/acme/payments/api`);
    expect(JSON.parse(tags.stdout)).toMatchObject({ Tags: ['1'] });
    const pull = await clients.skopeo('copy', '--src-tls-verify=false', to, `dir:${clients.folder}/pulled`);
    expect(pull).toExitWith(0);
    const elsewhere = `docker://${host}/acme/payments/web:1`;
    const copy = await clients.skopeo(
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      to,
      elsewhere,
    );
    expect(copy).toExitWith(0);
    expect(registry.log()).toContain('mount=sha256');
    const gone = await clients.skopeo('delete', HTTP, elsewhere);
    expect(gone).toExitWith(0);
  });

  test('a push to another project is denied with the reason', async () => {
    const { clients, host, job } = scenario;
    const image = writeImage(clients.folder, 'two');
    const creds = `gitlab-ci-token:${job.token}`;
    const to = `docker://${host}/acme/web/api:1`;
    const push = await clients.skopeo('copy', '--dest-tls-verify=false', '--dest-creds', creds, image, to);
    expect(push).not.toExitWith(0);
    expect(push.stderr).toContain('resource_not_granted');
    expect(push.stderr).toContain('push to acme/web/api');
  });
});
