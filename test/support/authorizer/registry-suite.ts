import { expect } from 'vitest';
import { createContainerClients } from '../container-clients.ts';
import { writeImage } from '../image.ts';
import { needs } from '../needs.ts';
import type { ProxiedScenario } from './proxied.ts';

/** A registry behind the proxy: the token endpoint is on the public listener of the gateway, on the same host. */
export function testRegistryBehind(scenario: ProxiedScenario): void {
  needs('skopeo').describe('a registry', () => {
    needs('skopeo').test('login, push, pull, and a denied push', async () => {
      const clients = createContainerClients();
      const { proxy, token } = scenario;
      const host = `127.0.0.1:${proxy.port}`;
      try {
        const login = await clients.skopeo('login', '--tls-verify=false', '-u', 'ci', '-p', token, host);
        expect(login.code, login.stderr + proxy.log()).toBe(0);
        const image = writeImage(clients.folder, 'one');
        const to = `docker://${host}/acme/payments/api:1`;
        const push = await clients.skopeo('copy', '--dest-tls-verify=false', image, to);
        expect(push.code, push.stderr + proxy.log()).toBe(0);
        const pull = await clients.skopeo(
          'copy',
          '--src-tls-verify=false',
          to,
          `dir:${clients.folder}/pulled`,
        );
        expect(pull.code, pull.stderr + proxy.log()).toBe(0);
        const denied = await clients.skopeo(
          'copy',
          '--dest-tls-verify=false',
          image,
          `docker://${host}/evil/x:1`,
        );
        expect(denied.code).not.toBe(0);
        expect(denied.stderr).toMatch(/denied|unauthorized/i);
      } finally {
        clients.close();
      }
    });
  });
}
