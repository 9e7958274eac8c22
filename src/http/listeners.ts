import type { ReadSubrequest } from '../core/request/incoming.ts';
import {
  parseListenAddress,
  parseSocketPath,
  type ListenAddress,
  type SocketPath,
} from '../util/http/listen-address.ts';
import { listenOnSocket } from './listen-socket.ts';
import { listen } from './listen.ts';
import { createServerListener, type Handlers, type Listener, type ListenerPorts } from './server.ts';
import type { ListenerSettings } from './server-options.ts';

/** The listener for clients. */
export function createListener(
  settings: ListenerSettings,
  handlers: Handlers,
  ports: ListenerPorts,
): Listener {
  const { server, ...listener } = createServerListener(settings, handlers, ports);
  const address = parseListenAddress(settings.listen);
  return {
    ...listener,
    start: () => listen(server, address, { key: 'server.listen', reusePort: settings.reusePort ?? false }),
  };
}

/** The listener for subrequests. Connections of peers that are not trusted are closed. */
export function createSubrequestListener(
  settings: ListenerSettings,
  handlers: Handlers & { readonly read: ReadSubrequest },
  ports: ListenerPorts,
): Listener<ListenAddress | SocketPath> {
  const { server, ...listener } = createServerListener(settings, handlers, ports);
  const key = 'server.authorizer.listen';
  const socket = parseSocketPath(settings.listen);
  return {
    ...listener,
    start: () =>
      socket === undefined
        ? listen(server, parseListenAddress(settings.listen), { key, reusePort: settings.reusePort ?? false })
        : listenOnSocket(server, socket, key),
  };
}
