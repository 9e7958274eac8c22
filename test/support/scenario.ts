import type { Clock } from '../../src/core/ports.ts';
import { closeAfterTest } from './clean-up.ts';
import { startGateway, type ServerOptions, type TestGateway } from './gateway.ts';
import { createScenarioClient, type ScenarioClient } from './scenario/client.ts';
import { useStarted, useStartedPerTest } from './use-started.ts';

interface Closable {
  close(): unknown;
}

/** The servers around the gateway, by name: issuer, upstream and any other. */
export type Backends = Readonly<Record<string, Closable>>;

export interface ScenarioOptions<B extends Backends> {
  /**
   * The servers around the gateway: `{ issuer: () => startIssuer(), upstream: () => startRecordingUpstream() }`.
   * A function starts a server, which the scenario closes; a running server stays open.
   */
  readonly backends: { readonly [Name in keyof B]: (() => Promise<B[Name]>) | B[Name] };
  /** The configuration below `server`, as YAML, from the started backends. */
  readonly config: (backends: B) => string;
  /** The access token or ID token that requests carry. Default: requests carry no credential. */
  readonly token?: (backends: B) => string;
  /** `Host` of requests. Default: gateway.example.com. */
  readonly host?: string;
  /** Keys of `server`, or the whole block as YAML. */
  readonly server?: string | ServerOptions;
  /** Files next to the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Gateways with this configuration, started at the same time. Default: 1. */
  readonly replicas?: number;
}

/** A running gateway, the servers around it by their names, and a raw HTTP/1.1 client of the gateway. */
export type Scenario<B extends Backends> = B &
  ScenarioClient & {
    readonly gateway: TestGateway;
    /** The gateways after the first. */
    readonly others: readonly TestGateway[];
    /** Stops the gateways, then the backends that the scenario started. Repeated calls have no effect. */
    close(): Promise<void>;
  };

/**
 * Starts the backends, then the gateway. Called during a test, the scenario closes when the test finishes;
 * called in `beforeAll`, the caller closes it (or uses `useScenario`).
 */
export async function startScenario<B extends Backends>(options: ScenarioOptions<B>): Promise<Scenario<B>> {
  const { config, host = 'gateway.example.com', files = {}, server = {}, env = {}, clock } = options;
  const { backends, closeBackends } = await startBackends(options.backends);
  const yaml = config(backends);
  const start = (): Promise<TestGateway> =>
    startGateway(yaml, { files, server, env, ...(clock && { clock }) });
  const [gateway, ...others] = await Promise.all([
    start(),
    ...Array.from({ length: (options.replicas ?? 1) - 1 }, start),
  ]);
  const token = options.token?.(backends) ?? '';
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([gateway, ...others].map((each) => each.close()));
    await closeBackends();
  };
  const scenario: Scenario<B> = {
    ...backends,
    ...createScenarioClient(gateway, { token, host }),
    gateway,
    others,
    close: () => (closed ??= close()),
  };
  closeAfterTest(scenario);
  return scenario;
}

/** Starts the scenario before the tests of this file or `describe` block and closes it after them. */
export function useScenario<B extends Backends>(options: ScenarioOptions<B>): Scenario<B> {
  return useStarted(() => startScenario(options));
}

/** Starts the scenario before each test and closes it after the test. */
export function useScenarioPerTest<B extends Backends>(options: ScenarioOptions<B>): Scenario<B> {
  return useStartedPerTest(() => startScenario(options));
}

/** Starts the backends that are functions; `closeBackends` closes those. */
export async function startBackends<B extends Backends>(
  backends: ScenarioOptions<B>['backends'],
): Promise<{ readonly backends: B; closeBackends(): Promise<void> }> {
  const started: Closable[] = [];
  const entries = await Promise.all(
    Object.entries<(() => Promise<Closable>) | Closable>(backends).map(async ([name, backend]) => {
      if (typeof backend !== 'function') return [name, backend] as const;
      const server = await backend();
      started.push(server);
      return [name, server] as const;
    }),
  );
  return {
    backends: Object.fromEntries(entries) as B,
    async closeBackends() {
      await Promise.all(started.map((backend) => backend.close()));
    },
  };
}
