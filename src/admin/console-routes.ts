import type { MiddlewareHandler } from 'hono';
import type { Log } from '../core/ports.ts';
import { onDemand } from '../util/async/on-demand.ts';
import type { ConsolePorts } from './console/console-ports.ts';
import type { TokenAccess } from './access.ts';

/** `server.admin.console` and `server.admin.hosts` of the active configuration. */
export interface ConsoleSettings {
  readonly enabled: boolean;
  readonly write: boolean;
  /** Names that `Host` may contain, in addition to localhost and loopback addresses. */
  readonly hosts: readonly string[];
}

export interface ConsoleSource {
  /** Called for each request, because a reload can change them. */
  readonly settings: () => ConsoleSettings;
  readonly ports: ConsolePorts;
}

/** Passes a request to the console, whose modules the first request loads. */
export function consoleRoutes(
  { settings, ports }: ConsoleSource,
  access: TokenAccess,
  log: Log,
): MiddlewareHandler {
  const app = onDemand(async () => {
    const { createConsole } = await import('./console/console.ts');
    return createConsole({ ...access, write: () => settings().write, hosts: () => settings().hosts }, ports);
  });

  return async (context, next) => {
    if (!settings().enabled) return next();
    const loaded = await app().catch((error: unknown) => {
      log.error('the console cannot be loaded', { error: error instanceof Error ? error.name : 'unknown' });
      return undefined;
    });
    if (loaded === undefined) return context.text('The console cannot be loaded. Try again.\n', 503);
    return loaded.fetch(context.req.raw, context.env as object);
  };
}
