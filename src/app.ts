import { createAdmin, type Readiness } from './admin/index.ts';
import { createAccessLog, createAuditSink, openLineWriter } from './audit/index.ts';
import { createAuthenticator } from './authenticate/index.ts';
import { createAuthorizer } from './authorize/index.ts';
import type { Config } from './config/index.ts';
import type { Clock, Log, Outbound } from './contract/ports.ts';
import { Secret } from './contract/secret.ts';
import { createOwnEndpoints } from './app-endpoints.ts';
import { createExplain, type Explain } from './app-explain.ts';
import { mintSettings } from './app-minting.ts';
import { createServices } from './app-services.ts';
import { createMint } from './exchange/index.ts';
import { createOutbound } from './forward/index.ts';
import { formatListenAddress, type ListenAddress } from './lib/listen-address.ts';
import { WatchedFile } from './lib/watched-file.ts';
import { createKeyring } from './keys/index.ts';
import { createListener } from './listener/index.ts';
import { createAdmit, createPipeline } from './pipeline/index.ts';
import { jsonRefusal } from './protocols/index.ts';
import { createFailureLimits, createRevocations, openStore } from './state/index.ts';
import { createLog, createTelemetry } from './telemetry/index.ts';

export interface Gateway {
  /** Opens both listeners; rejects with `startup_failed` where one cannot be had. */
  start(): Promise<{ readonly server: ListenAddress; readonly admin: ListenAddress }>;
  /** Finishes what is in flight, then closes everything; the audit trail last. */
  stop(): Promise<void>;
  /** Asks every issuer for its keys and every upstream whether it is there. */
  check(): Promise<readonly OnlineCheck[]>;
  readonly explain: Explain;
  readonly log: Log;
}

export interface OnlineCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface BuildOptions {
  readonly version: string;
  readonly clock?: Clock;
  /** Only to look at (check, explain): nothing is logged or written. */
  readonly inspect?: boolean;
}

/** The composition root: puts the rooms together as the configuration says. Nothing runs before `start`. */
export function build(config: Config, options: BuildOptions): Gateway {
  const { server } = config;
  const clock = options.clock ?? { now: Date.now };
  const quiet = options.inspect === true;
  const log = createLog({ level: quiet ? 'off' : config.logs.level, clock });
  const telemetry = createTelemetry({
    services: config.services,
    issuers: config.issuers.map(({ name }) => name),
    version: options.version,
    configHash: config.hash,
  });
  const outbound = createOutbound();
  const store = openStore(quiet ? IN_MEMORY : config.state, { clock, log });
  const keyring = createKeyring(config, { store, log });
  const meter = telemetry.verification;
  const authenticator = createAuthenticator(config, { outbound, keyring, clock, log, meter });
  const authorizer = createAuthorizer(config);
  const revocations = createRevocations(store, { clock, log });
  const failures = createFailureLimits(server.limits.authFailures, store, clock);
  const rooms = {
    authenticator,
    authorizer,
    revocations,
    outbound,
    keyring,
    store,
    clock,
    admit: createAdmit(failures),
    mint: createMint(mintSettings(config, authorizer), { keyring, clock }),
    log,
  };
  const services = createServices(config, rooms);

  const stdout = openLineWriter({}, { log });
  const issuerTypes = new Map(config.issuers.map(({ name, type }) => [name, type]));
  const audit = createAuditSink(
    { ...config.audit, enabled: config.audit.enabled && !quiet, issuerTypes },
    { log, stdout },
  );
  const access = config.logs.access ? createAccessLog({ enabled: true }, { stdout }) : undefined;
  telemetry.setAuditLost(() => audit.lost());
  telemetry.setStoreHealth(() => store.health());
  telemetry.setKeySetAges(() =>
    authenticator
      .issuers()
      .flatMap(({ name, fetchedAt }) =>
        fetchedAt === undefined ? [] : [{ issuer: name, ageSeconds: (clock.now() - fetchedAt) / 1000 }],
      ),
  );

  const pipeline = createPipeline({
    services: services.lines,
    endpoints: [...createOwnEndpoints(config, rooms), ...services.endpoints],
    fallback: { refusal: jsonRefusal },
    revocations,
    failures,
    audit,
    access,
    meter: telemetry.requests,
    clock,
    log,
  });
  const listener = createListener(server, pipeline, { log });
  let draining = false;

  function ready(): Readiness {
    const checks = authenticator.issuers().map(({ name, ready: ok, lastError }) => ({
      name: `issuer ${name}`,
      ok,
      detail: ok ? undefined : (lastError ?? 'no keys yet'),
    }));
    const loaded = revocations.loaded();
    checks.push({
      name: 'revocations',
      ok: loaded,
      detail: loaded ? undefined : 'the store was never reached',
    });
    if (draining) checks.push({ name: 'process', ok: false, detail: 'shutting down' });
    return { ready: checks.every(({ ok }) => ok), checks };
  }

  const adminToken = openAdminToken(config, log);
  const admin = createAdmin(
    { listen: server.admin.listen, token: adminToken.current },
    {
      ready,
      revocations,
      names: {
        issuers: config.issuers.map(({ name }) => name),
        identities: config.identities.map(({ name }) => name),
        deployTokens: config.deployTokens.map(({ name }) => name),
      },
      metrics: async () => ({ body: await telemetry.metrics(), contentType: telemetry.contentType }),
      status: () => ({ version: options.version, config: config.hash, issuers: authenticator.issuers() }),
      log,
    },
  );

  /** The audit trail last, whatever went wrong before. */
  async function release(): Promise<void> {
    authenticator.stop();
    revocations.stop();
    keyring.stop();
    adminToken.close();
    try {
      await Promise.all([services.close(), outbound.close()]);
      await admin.stop();
      await store.close();
    } finally {
      await audit.close();
      await stdout.close();
    }
  }

  return {
    log,
    explain: createExplain(config, { lines: services.lines, authenticator, authorizer }),
    async start() {
      try {
        const adminAddress = await admin.start();
        authenticator.start();
        await keyring.start();
        await revocations.start();
        const address = await listener.start();
        log.info('listening', { address: formatListenAddress(address), public_url: server.publicUrl });
        return { server: address, admin: { host: adminAddress.address, port: adminAddress.port } };
      } catch (cause) {
        await listener.stop();
        await release();
        throw cause;
      }
    },
    async stop() {
      draining = true;
      await listener.stop();
      await release();
    },
    check: () => checkOnline(config, authenticator, outbound),
  };
}

async function checkOnline(
  config: Config,
  authenticator: ReturnType<typeof createAuthenticator>,
  outbound: Outbound,
): Promise<readonly OnlineCheck[]> {
  await authenticator.fetchKeys();
  const issuers = authenticator.issuers().map(({ name, ready, keys, lastError }) => ({
    name: `issuers.${name}`,
    ok: ready,
    detail: ready ? `${keys} keys` : (lastError ?? 'no keys'),
  }));
  const upstreams = config.services.map(async ({ name, upstream }): Promise<OnlineCheck> => {
    try {
      const { status } = await outbound.get({ url: upstream.url, caFile: upstream.caFile });
      return { name: `services.${name}.upstream`, ok: true, detail: `answers (${status})` };
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : 'does not answer';
      return { name: `services.${name}.upstream`, ok: false, detail };
    }
  });
  return [...issuers, ...(await Promise.all(upstreams))];
}

/** `check` and `explain` look at nobody's state. */
const IN_MEMORY = { sqlite: { file: ':memory:' } };

/** The token as it is now: its file may be rotated under a running gateway. */
function openAdminToken({ server: { admin } }: Config, log: Log): { current?: () => Secret; close(): void } {
  if (admin.token !== undefined) {
    const secret = new Secret(admin.token);
    return { current: () => secret, close: () => undefined };
  }
  if (admin.tokenFile === undefined) return { close: () => undefined };
  const { tokenFile } = admin;
  const said = (): void => log.info('admin token re-read', { file: tokenFile });
  const failed = (): void =>
    log.warn('admin token not re-read, the last good one stays', { file: tokenFile });
  const file = new WatchedFile(tokenFile, said, failed);
  return { current: () => new Secret(file.content.trim()), close: () => file.close() };
}

export { formatExplanation } from './authorize/index.ts';
export type { ExplainQuestion } from './app-explain.ts';
export { classOfToken } from './extract/index.ts';
