import type { ServicePipeline, Stages } from '../../../src/gateway/index.ts';
import { jsonRefusal } from '../../../src/protocols/index.ts';
import { httpProtocol } from '../protocols.ts';
import {
  createForwarder,
  StallWatch,
  type Forwarder,
  type ForwardSettings,
} from '../../../src/proxy/index.ts';
import { sampleCaller, type RecordedLog } from '../audit-events.ts';
import { emptyRevocations } from '../state.ts';

export interface ForwarderOptions {
  readonly log: RecordedLog;
  /** Idle timeout of bodies, in milliseconds. */
  readonly idle?: number;
  readonly connections?: number;
  readonly bodyBytes?: number | undefined;
  readonly timeouts?: ForwardSettings['upstream']['timeouts'];
}

const TIMEOUTS = { connect: 5_000, headers: 5_000, idle: 5_000 };
const unused = (): Promise<never> => Promise.reject(new Error('unused'));

/** The forwarder of the service `/api/` in front of this upstream, without a credential for it. */
export function startForwarder(
  upstreamUrl: string,
  { log, idle = 60_000, connections = 10, bodyBytes, timeouts = TIMEOUTS }: ForwarderOptions,
): Forwarder {
  const stalls = new StallWatch(idle);
  const forwarder = createForwarder(
    {
      name: 'api',
      type: 'http',
      path: '/api/',
      upstream: {
        url: `${upstreamUrl}/`,
        hostHeader: 'upstream',
        redirectOrigins: [],
        aliases: [],
        connections,
        connectionLifetime: 60_000,
        timeouts,
      },
      identityHeaders: {},
      assertion: false,
      publicUrl: 'https://gateway.example.com',
      keepCookies: false,
      credentialQueryParameters: [],
      limits: { bodyBytes },
    },
    {
      log,
      stalls,
      egress: { get: unused, post: unused },
      keyring: { sign: unused },
      clock: { now: Date.now },
      openVault: () => ({ read: unused, logIn: unused }),
      vaultValues: undefined,
    },
  );
  return {
    ...forwarder,
    async close() {
      await forwarder.close();
      stalls.close();
    },
  };
}

/** The service `/api/`, which accepts every request as the sample caller. */
export function openService(forwarder: Forwarder): ServicePipeline {
  const allow = { kind: 'allow', basis: 'grant', caller: sampleCaller(), relaxed: undefined } as const;
  return {
    name: 'api',
    type: 'http',
    path: '/api/',
    mode: 'enforce',
    deny: 'reveal',
    protocol: httpProtocol({ path: '/api/' }),
    guard: (_head, classified) => classified,
    extract: () => ({ class: 'id_token', credentialSource: 'bearer', token: 'x', username: undefined }),
    authenticate: () => sampleCaller().credential,
    authorize: () => allow,
    authorizeUnknown: () => allow,
    forward: forwarder.forward,
    bufferBody: forwarder.bufferBody,
  };
}

/** Ports of a pipeline without endpoints and revocations, which writes audit events to `write`. */
export async function openStages(
  log: RecordedLog,
  write: Stages['audit']['write'],
): Promise<Omit<Stages, 'services'>> {
  return {
    endpoints: [],
    fallback: { refusal: jsonRefusal },
    audit: { write, available: () => true, flush: () => Promise.resolve() },
    meter: {
      requestStarted: () => undefined,
      requestEnded: () => undefined,
      requestRepeated: () => undefined,
    },
    revocations: await emptyRevocations(),
    originOf: () => undefined,
    reauthorize: () => undefined,
    failures: { failed: () => undefined, pending: () => undefined },
    recognizeMistake: () => undefined,
    credentialHint: () => 'See /v1/users/me.',
    clock: { now: Date.now },
    log,
  };
}
