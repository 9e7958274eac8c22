import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createContainerClients } from '../container-clients.ts';
import { writeImage } from '../image.ts';
import { needs } from '../needs.ts';
import type { ProxiedScenario } from './proxied.ts';

/** A registry behind the proxy: the token endpoint is on the public listener of the gateway, on the same host. */
export function testRegistryBehind(scenario: ProxiedScenario): void {
  test('the token endpoint sees the address of the client, not one that the client states', async () => {
    const socket = connect({ port: scenario.proxy.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    await once(socket, 'connect');
    const head = [
      'GET /token?service=127.0.0.1 HTTP/1.1',
      'Host: 127.0.0.1',
      'Authorization: Bearer unknown',
      'Forwarded: for=198.51.100.1;proto=https',
      'X-Forwarded-For: 198.51.100.1',
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    const response = await text(socket);
    const id = /^x-request-id: *(\S+)/im.exec(response)?.[1];
    const event = await scenario.gateway.audited(id);
    const { address } = event['client'] as { readonly address: string };
    // Envoy reports an address of this machine for a client on loopback.
    expect(['127.0.0.1', '198.51.100.1'], response).not.toContain(address);
  });

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
        expect(denied).not.toExitWith(0);
        expect(denied.stderr).toMatch(/denied|unauthorized/i);
      } finally {
        clients.close();
      }
    });
  });
}
