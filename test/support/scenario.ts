import { afterAll, beforeAll } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { closeAfterTest } from './clean-up.ts';
import { startGateway, type ServerOptions, type TestGateway } from './gateway.ts';
import { createScenarioClient, type ScenarioClient } from './scenario/client.ts';

interface Closable {
  close(): unknown;
}

/** The servers around the gateway, by name: issuer, upstream and any other. */
export type Backends = Readonly<Record<string, Closable>>;

export interface ScenarioOptions<B extends Backends> {
  /** Starts the servers around the gateway: `{ issuer: startIssuer, upstream: startRecordingUpstream }`. */
  readonly backends: { readonly [Name in keyof B]: () => Promise<B[Name]> };
  /** The configuration below `server`, as YAML, from the started backends. */
  readonly config: (backends: B) => string;
  /** The access token or ID token that requests carry. Default: requests carry no credential. */
  readonly token?: (backends: B) => string;
  /** `Host` of requests. Default: gateway.example.com. */
  readonly host?: string;
  readonly server?: ServerOptions;
  /** Files next to the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/** A running gateway, the servers around it by their names, and a raw HTTP/1.1 client of the gateway. */
export type Scenario<B extends Backends> = B &
  ScenarioClient & {
    readonly gateway: TestGateway;
    /** Stops the gateway, then the backends. Repeated calls have no effect. */
    close(): Promise<void>;
  };

/**
 * Starts the backends, then the gateway. Called during a test, the scenario closes when the test finishes;
 * called in `beforeAll`, the caller closes it (or uses `useScenario`).
 */
export async function startScenario<B extends Backends>(options: ScenarioOptions<B>): Promise<Scenario<B>> {
  const backends = await startAll(options.backends);
  const gateway = await startGateway(options.config(backends), {
    files: options.files ?? {},
    server: options.server ?? {},
    ...(options.clock && { clock: options.clock }),
  });
  const token = options.token?.(backends) ?? '';
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await gateway.close();
    await Promise.all(Object.values(backends).map((backend) => backend.close()));
  };
  const scenario: Scenario<B> = {
    ...backends,
    ...createScenarioClient(gateway, { token, host: options.host ?? 'gateway.example.com' }),
    gateway,
    close: () => (closed ??= close()),
  };
  closeAfterTest(scenario);
  return scenario;
}

/** Starts the scenario before the tests of this file or `describe` block and closes it after them. */
export function useScenario<B extends Backends>(options: ScenarioOptions<B>): Scenario<B> {
  let started: Scenario<B> | undefined;
  beforeAll(async () => {
    started = await startScenario(options);
  });
  afterAll(() => started?.close());
  return new Proxy({} as Scenario<B>, {
    get(_target, name) {
      if (started === undefined) throw new Error(`the scenario has not started: ${String(name)}`);
      return Reflect.get(started, name) as unknown;
    },
  });
}

async function startAll<B extends Backends>(starts: ScenarioOptions<B>['backends']): Promise<B> {
  const entries = await Promise.all(
    Object.entries<() => Promise<Closable>>(starts).map(async ([name, start]) => [name, await start()]),
  );
  return Object.fromEntries(entries) as B;
}
