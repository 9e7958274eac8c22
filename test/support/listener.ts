import type { ListenerSettings } from '../../src/http/index.ts';

/** Settings of a listener on a free port with a short drain. */
export const LISTENER: ListenerSettings = {
  listen: '127.0.0.1:0',
  trustedProxies: [],
  limits: {
    headerBytes: 16_384,
    headerCount: 100,
    headersTimeout: 5_000,
    keepAlive: 5_000,
    connections: 100,
    connectionsPerAddress: 100,
    drainDelay: 0,
    drain: 200,
  },
};

export const NOT_COUNTED = { opened: () => undefined, closed: () => undefined, refused: () => undefined };
