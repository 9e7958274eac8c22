import type { Config } from '../../config/index.ts';
import {
  createSubrequestListener,
  type Handlers,
  type Listener,
  type ListenerSettings,
} from '../../http/index.ts';
import { formatListenAddress, type ListenAddress, type SocketPath } from '../../util/http/listen-address.ts';
import type { ApplicationScope } from '../application-scope.ts';

/** The listener for subrequests of proxies. Its module is loaded only if the configuration has `server.authorizer`. */
export interface AuthorizerListener extends Pick<Listener, 'drain' | 'stop' | 'certificate'> {
  /** Undefined without `server.authorizer`. */
  start(): Promise<ListenAddress | SocketPath | undefined>;
  /** Throws for unusable settings. The returned function applies them. */
  prepare(server: Config['server']): () => void;
}

export function createAuthorizerListener(
  server: Config['server'],
  handlers: Handlers,
  { log, telemetry }: Pick<ApplicationScope, 'log' | 'telemetry'>,
): AuthorizerListener {
  let listener: Listener<ListenAddress | SocketPath> | undefined;
  return {
    async start() {
      const settings = settingsOf(server);
      if (settings === undefined) return undefined;
      const { readSubrequest } = await import('../../authorizer/index.ts');
      listener = createSubrequestListener(
        settings,
        { ...handlers, read: readSubrequest },
        { log, meter: telemetry.connections },
      );
      const address = await listener.start();
      log.info('listening for subrequests of proxies', {
        address: 'path' in address ? `unix:${address.path}` : formatListenAddress(address),
      });
      return address;
    },
    prepare(next) {
      const settings = settingsOf(next);
      return settings === undefined || listener === undefined ? () => undefined : listener.prepare(settings);
    },
    certificate: () => listener?.certificate(),
    drain: async (cut) => listener?.drain(cut),
    stop: async (cut) => listener?.stop(cut),
  };
}

/** The limits of the public listener apply. */
function settingsOf(server: Config['server']): ListenerSettings | undefined {
  const { authorizer, trustedProxies, limits } = server;
  return authorizer && { listen: authorizer.listen, tls: authorizer.tls, trustedProxies, limits };
}
