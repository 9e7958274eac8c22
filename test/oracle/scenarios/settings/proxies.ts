import { request, type Case } from '../../scenario.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';

/** Every peer is a trusted proxy here. */
export function* proxies(world: World): Generator<Case> {
  const { headers } = place(world.credential('payments'));
  const lines: Readonly<Record<string, readonly string[]>> = {
    'X-Forwarded-For': ['X-Forwarded-For: 203.0.113.7'],
    'X-Forwarded-For, two': ['X-Forwarded-For: 203.0.113.7, 127.0.0.2'],
    'X-Forwarded-For, spoofed': ['X-Forwarded-For: 10.0.0.1, 203.0.113.7'],
    'X-Forwarded-For, no address': ['X-Forwarded-For: unknown'],
    'X-Forwarded-Proto': ['X-Forwarded-For: 203.0.113.7', 'X-Forwarded-Proto: https'],
    'X-Forwarded-Proto, unknown': ['X-Forwarded-Proto: ftp'],
    Forwarded: ['Forwarded: for=203.0.113.7;proto=https;host=evil.example.com'],
    'Forwarded, IPv6': ['Forwarded: for="[2001:db8::1]:1234"'],
    'both, different': ['X-Forwarded-For: 203.0.113.7', 'Forwarded: for=203.0.113.8'],
    'X-Forwarded-Host': ['X-Forwarded-Host: evil.example.com'],
  };
  for (const [name, more] of Object.entries(lines)) {
    yield {
      id: `proxy: ${name}`,
      bytes: request({ target: '/api/v1/orders', headers: [...headers, ...more] }),
    };
  }
}
