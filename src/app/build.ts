import { createAdmin, type RevocableNames } from '../admin/index.ts';
import { checkOnline, type OnlineCheck } from './online-check.ts';
import type { Explain } from './explain.ts';
import { createGeneration } from './configuration-snapshot.ts';
import { openProcess, type ProcessOptions } from './application-scope.ts';
import { createReadiness } from './readiness.ts';
import { createReloads } from './reload.ts';
import { Succession } from './snapshot-manager.ts';
import type { IssuerStatus } from '../credentials/index.ts';
import type { Config, LoadResult } from '../config/index.ts';
import { GatehouseError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { formatListenAddress, type ListenAddress } from '../util/http/listen-address.ts';
import { createListener } from '../http/index.ts';
import type { Standing } from '../gateway/index.ts';

export interface Gateway {
  /** Opens both listeners; rejects with `startup_failed` where one cannot be had. */
  start(): Promise<{ readonly server: ListenAddress; readonly admin: ListenAddress }>;
  /** Puts another configuration in force, whole or not at all; false where the one before stays. Never rejects. */
  reload(load: () => LoadResult): Promise<boolean>;
  /** Not ready any more, so that clients go elsewhere, while those who come are still served; `cut` ends the wait. */
  drain(cut: Promise<unknown>): Promise<void>;
  /** Finishes what is in flight, or cuts it at `cut`; then closes everything, the audit trail last. */
  stop(cut?: Promise<unknown>): Promise<void>;
  /** Asks every issuer for its keys and every upstream whether it is there. */
  check(): Promise<readonly OnlineCheck[]>;
  readonly explain: Explain;
  readonly log: Log;
}

/**
 * The composition root: what lives for the process (app/process.ts, the listeners), what lives for one configuration
 * (app/generation.ts), and the one reference through which a request reaches the latter. Nothing runs before `start`.
 */
export function build(config: Config, options: ProcessOptions): Gateway {
  const { server } = config;
  const life = openProcess(config, options);
  const { log, telemetry, clock, revocations } = life;
  const generations = new Succession(createGeneration(config, life, standing));
  const issuers = (): readonly IssuerStatus[] => generations.current.authenticator.issuers();
  const readiness = createReadiness(issuers, () => revocations.loaded());
  const reloads = createReloads(config, life, replace);
  let stopping = false;

  const listener = createListener(
    server,
    {
      request: (incoming) => generations.current.pipeline.request(incoming),
      broken: (request) => generations.current.pipeline.broken(request),
    },
    { log, meter: telemetry.connections },
  );
  const admin = createAdmin(
    { listen: server.admin.listen, token: () => generations.current.adminToken.current() },
    {
      ready: () => readiness.ready(),
      revocations,
      clock,
      names: () => revocableNames(generations.current.config),
      metrics: async () => ({ body: await telemetry.metrics(), contentType: telemetry.contentType }),
      status: () => ({
        version: options.version,
        config: generations.current.config.hash,
        reload: reloads.status(),
        issuers: issuers(),
      }),
      log,
    },
  );
  telemetry.setKeySetAges(() =>
    issuers().flatMap(({ name, fetchedAt }) =>
      fetchedAt === undefined ? [] : [{ issuer: name, ageSeconds: (clock.now() - fetchedAt) / 1000 }],
    ),
  );

  function standing(...asked: Parameters<Standing>): ReturnType<Standing> {
    return generations.current.pipeline.standing(...asked);
  }

  /** Everything that can fail comes first; then, in one go, what cannot. */
  async function replace(next: Config): Promise<void> {
    const applyToListener = listener.prepare(next.server);
    const generation = createGeneration(next, life, standing, generations.current);
    try {
      await generation.prepare();
      if (stopping) throw new GatehouseError('startup_failed', 'the process is stopping');
    } catch (cause) {
      await generation.retire(generations.current, () => Promise.resolve());
      throw cause;
    }
    applyToListener();
    life.adopt(next);
    generations.succeed(generation);
    generation.authenticator.start();
  }

  async function release(): Promise<void> {
    await life.release(async () => {
      await generations.end();
      await admin.stop();
    });
  }

  return {
    log,
    explain: (question) => generations.current.explain(question),
    reload: (load) => reloads.reload(load),
    async start() {
      try {
        const adminAddress = await admin.start();
        generations.current.authenticator.start();
        await generations.current.prepare();
        await revocations.start();
        const address = await listener.start();
        log.info('listening', { address: formatListenAddress(address), public_url: server.publicUrl });
        return { server: address, admin: { host: adminAddress.address, port: adminAddress.port } };
      } catch (cause) {
        await listener.stop(NEVER);
        await release();
        throw cause;
      }
    },
    async drain(cut) {
      readiness.drain();
      await listener.drain(cut);
    },
    async stop(cut = NEVER) {
      stopping = true;
      readiness.drain();
      await listener.stop(cut);
      await release();
    },
    check: () => checkOnline(config, generations.current.authenticator, life.outbound),
  };
}

const NEVER = new Promise<never>(() => undefined);

function revocableNames({ issuers, identities, deployTokens, workloadIdentities }: Config): RevocableNames {
  const names = (entries: readonly { readonly name: string }[]): readonly string[] =>
    entries.map(({ name }) => name);
  return {
    issuers: names(issuers),
    identities: names(identities),
    deployTokens: names(deployTokens),
    workloads: new Map(workloadIdentities.map(({ name, identity }) => [name, identity])),
  };
}

export { formatExplanation } from '../policy/index.ts';
export type { OnlineCheck } from './online-check.ts';
export type { ExplainQuestion } from './explain.ts';
export { classOfToken } from '../credentials/index.ts';
