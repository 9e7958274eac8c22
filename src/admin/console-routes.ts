import type { Hono, MiddlewareHandler } from 'hono';
import type { ConsoleEnv } from './console/console-page.ts';
import type { ConsolePorts } from './console/console-ports.ts';
import type { TokenAccess } from './guards.ts';

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
export function consoleRoutes({ settings, ports }: ConsoleSource, access: TokenAccess): MiddlewareHandler {
  let loaded: Promise<Hono<ConsoleEnv>> | undefined;

  async function load(): Promise<Hono<ConsoleEnv>> {
    const { createConsole } = await import('./console/console.ts');
    return createConsole({ ...access, write: () => settings().write, hosts: () => settings().hosts }, ports);
  }

  return async (context, next) => {
    if (!settings().enabled) return next();
    loaded ??= load();
    return (await loaded).fetch(context.req.raw, context.env as object);
  };
}
