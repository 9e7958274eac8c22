import { request, type Case } from '../../scenario.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';

/** Registries with another challenge, with a prefix, and with redirects that the gateway follows. */
export function* registries(world: World): Generator<Case> {
  const { headers } = place(world.credential('payments'));
  const digest = `sha256:${'a'.repeat(64)}`;
  const targets = [
    '/v2/',
    '/v2/team/api/manifests/latest',
    '/v2/acme/api/manifests/latest',
    `/v2/team/api/blobs/${digest}`,
    `/v2/team/api/blobs/uploads/?mount=${digest}&from=team/base`,
    '/v2/token',
  ];
  for (const host of ['basic.example.com', 'follow.example.com', 'prefixed.example.com']) {
    for (const target of targets) {
      const method = target.includes('uploads') ? 'POST' : 'GET';
      for (const [caller, lines] of [
        ['payments', headers],
        ['anonymous', []],
      ] as const) {
        yield {
          id: `registry ${host} ${target} as ${caller}`,
          bytes: request({
            method,
            target,
            host,
            headers: lines,
            ...(method === 'POST' ? { body: '' } : {}),
          }),
        };
      }
    }
    const redirects = { storage: `${world.storage.url}/blob?signature=s`, evil: 'http://127.0.0.2:9/blob' };
    for (const [to, location] of Object.entries(redirects)) {
      yield {
        id: `registry ${host}, blob redirected to ${to}`,
        bytes: request({ target: `/v2/team/api/blobs/${digest}`, host, headers }),
        reply: {
          bytes: [`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`],
        },
      };
    }
  }
}
