import type { Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import { onDemand } from '../../util/async/on-demand.ts';
import type { MethodHandlers } from './method-handlers.ts';
import type { ErrorFormat } from './outcome.ts';

/** A built-in endpoint. Its first request loads Hono and the Fetch API of Node, which many gateways never use. */
export function createBuiltInEndpoint(handlers: MethodHandlers, errorFormat: ErrorFormat, log: Log): Handle {
  const app = onDemand(async () => {
    const { createEndpointApp } = await import('./endpoint-app.ts');
    return createEndpointApp(handlers, errorFormat, log);
  });

  return async function handle(call) {
    const respond = await app();
    await respond(call);
  };
}
