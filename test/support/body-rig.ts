import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Operation } from '../../src/core/request/operation.ts';
import { deny } from '../../src/core/decision.ts';
import type {
  RequestedOperations,
  Classification,
  Protocol,
  UnknownOperation,
} from '../../src/core/request/protocol.ts';
import type { RequestHead } from '../../src/core/request/request-head.ts';
import { createForwarder, StallWatch } from '../../src/proxy/index.ts';
import { createListener } from '../../src/http/index.ts';
import { createPipeline, type ServicePipeline } from '../../src/gateway/index.ts';
import { httpProtocol, jsonRefusal } from '../../src/protocols/index.ts';
import { recordingLog, sampleCaller } from './audit-events.ts';
import { LISTENER, NOT_COUNTED } from './listener.ts';
import type { UpstreamTimeouts } from '../../src/proxy/transport/upstream-pool.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';
import { emptyRevocations } from './state.ts';

export interface BodyRig {
  readonly port: number;
  readonly upstream: RecordingUpstream;
  /** Copies, because events change until the exchange ends. */
  readonly events: readonly AuditEvent[];
  /** Number of bodies that the pipeline has buffered. */
  reading(): number;
  close(): Promise<void>;
}

export interface BodyRigOptions {
  /** Idle timeout of bodies, in milliseconds. */
  readonly idle?: number;
  readonly connections?: number;
  readonly timeouts?: UpstreamTimeouts;
  readonly bodyBytes?: number;
  readonly authorize?: ServicePipeline['authorize'];
}

const unused = (): Promise<never> => Promise.reject(new Error('unused'));

/** Listener, pipeline and forwarder around a protocol that reads the operation from the first word of the body. */
export async function startBodyRig(options: BodyRigOptions = {}): Promise<BodyRig> {
  const { idle = 60_000, connections = 10, bodyBytes, authorize = allowReading } = options;
  const { timeouts = { connect: 5_000, headers: 5_000, idle: 5_000 } } = options;
  const upstream = await startRecordingUpstream();
  const log = recordingLog();
  const stalls = new StallWatch(idle);
  const forwarder = createForwarder(
    {
      name: 'api',
      path: '/api/',
      upstream: {
        url: `${upstream.url}/`,
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
    },
  );
  let reading = 0;
  const line: ServicePipeline = {
    name: 'api',
    type: 'http',
    path: '/api/',
    mode: 'enforce',
    deny: 'reveal',
    protocol: wordProtocol(),
    guard: (_head, classified) => classified,
    extract: () => ({ class: 'id_token', credentialSource: 'bearer', token: 'x', username: undefined }),
    authenticate: () => sampleCaller().credential,
    authorize,
    authorizeUnknown: (_credential, detail) => deny('operation_unknown', detail, sampleCaller()),
    forward: forwarder.forward,
    bufferBody(request, wanted) {
      reading += 1;
      return forwarder.bufferBody(request, wanted);
    },
  };
  const events: AuditEvent[] = [];
  const pipeline = createPipeline({
    services: [line],
    endpoints: [],
    fallback: { refusal: jsonRefusal },
    audit: {
      write: (event) => void events.push(copyOf(event)),
      available: () => true,
      flush: () => Promise.resolve(),
    },
    meter: { requestStarted: () => undefined, requestEnded: () => undefined },
    revocations: await emptyRevocations(),
    originOf: () => undefined,
    reauthorize: () => undefined,
    failures: { failed: () => undefined, pending: () => undefined },
    clock: { now: Date.now },
    log,
  });
  const listener = createListener(LISTENER, pipeline, { log, meter: NOT_COUNTED });
  const { port } = await listener.start();
  return {
    port,
    upstream,
    events,
    reading: () => reading,
    async close() {
      await listener.stop(Promise.resolve());
      await forwarder.close();
      stalls.close();
      await upstream.close();
    },
  };
}

export function operation(scope: string): Operation {
  return { scope, resource: 'a', extent: 'one' };
}

export const allowAll: ServicePipeline['authorize'] = () => ({
  kind: 'allow',
  basis: 'grant',
  caller: sampleCaller(),
  relaxed: undefined,
});

const allowReading: ServicePipeline['authorize'] = (credential, operations) =>
  operations.every(({ scope }) => scope === 'read')
    ? allowAll(credential, operations)
    : deny('scope_not_granted', 'reading only', sampleCaller());

function wordProtocol(): Protocol {
  const bodies: Readonly<Record<string, Classification>> = {
    '/api/whole': inBody('whole', 64, 'read', 'write'),
    '/api/start': inBody('start', 8, 'read', 'write'),
    '/api/none': inBody('whole', 64, 'delete'),
  };
  return {
    ...httpProtocol({ path: '/api/' }),
    classify: ({ path }: RequestHead) => bodies[path] ?? { kind: 'unknown', detail: 'no such path' },
  };
}

function inBody(part: 'whole' | 'start', maxBytes: number, ...scopes: readonly string[]): Classification {
  return { kind: 'in-body', oneOf: scopes.map(operation), part, maxBytes, read: readWord };
}

function readWord(body: Buffer): RequestedOperations | UnknownOperation | ReturnType<typeof deny> {
  const word = /^[a-z]+/.exec(body.toString('latin1'))?.[0];
  switch (word) {
    case 'read':
    case 'write':
      return { kind: 'operations', operations: [operation(word)] };
    case 'malformed':
      return deny('request_malformed', 'as the test wants it');
    case 'boom':
      throw new TypeError('as the test wants it');
    default:
      return { kind: 'unknown', detail: `no ${word}` };
  }
}

function copyOf(event: AuditEvent): AuditEvent {
  const { operations, reason, detail, status, bytesIn, bytesOut, aborted, path } = event;
  return { ...event, operations, reason, detail, status, bytesIn, bytesOut, aborted, path };
}
