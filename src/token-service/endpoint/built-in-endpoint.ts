import type { Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { MethodHandlers } from './method-handlers.ts';
import type { ErrorFormat } from './outcome.ts';

/** A built-in endpoint. Its first request loads Hono and the Fetch API of Node, which many gateways never use. */
export function createBuiltInEndpoint(handlers: MethodHandlers, errorFormat: ErrorFormat, log: Log): Handle {
  let loaded: Promise<Handle> | undefined;

  async function load(): Promise<Handle> {
    const { createEndpointApp } = await import('./endpoint-app.ts');
    return createEndpointApp(handlers, errorFormat, log);
  }

  return async function handle(call) {
    loaded ??= load();
    const respond = await loaded;
    await respond(call);
  };
}
