import { request, type Case } from '../../scenario.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';

/** The connection stays open where a handshake succeeds. */
const QUIET = 250;

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** WebSocket handshakes, granted and not, and what the upstream makes of them. */
export function* handshakes(world: World): Generator<Case> {
  const replies = {
    switching: { bytes: [SWITCHED], close: true },
    'answering 200': undefined,
    'answering 403': { bytes: ['HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'] },
    'switching to another protocol': {
      bytes: ['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
      close: true,
    },
  };
  for (const [name, reply] of Object.entries(replies)) {
    for (const service of ['open', 'inner', 'closed', 'watched', 'narrow']) {
      for (const caller of ['payments', undefined]) {
        const { headers } = place(caller === undefined ? undefined : world.credential(caller));
        const path = service === 'inner' ? '/api/inner/a' : `/${service}/a`;
        yield {
          id: `handshake at ${service}, upstream ${name}, as ${caller ?? 'anonymous'}`,
          bytes: request({
            target: path,
            headers: [...HANDSHAKE, 'Sec-WebSocket-Protocol: chat', ...headers],
            close: false,
          }),
          quiet: QUIET,
          ...(reply === undefined ? {} : { reply }),
        };
      }
    }
  }
}
