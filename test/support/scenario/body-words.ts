import type { AuditEvent } from '../../../src/core/records/audit-event.ts';
import { deny } from '../../../src/core/decision.ts';
import type { Operation } from '../../../src/core/request/operation.ts';
import type {
  Classification,
  Protocol,
  RequestedOperations,
  UnknownOperation,
} from '../../../src/core/request/protocol.ts';
import type { RequestHead } from '../../../src/core/request/request-head.ts';
import { createPipeline, type ServicePipeline } from '../../../src/gateway/index.ts';
import { createListener } from '../../../src/http/index.ts';
import { httpProtocol } from '../protocols.ts';
import { recordingLog, sampleCaller } from '../audit-events.ts';
import { LISTENER, NOT_COUNTED } from '../listener.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { openService, openStages, startForwarder, type ForwarderOptions } from './stages.ts';

export interface BodyWords {
  readonly port: number;
  readonly upstream: RecordingUpstream;
  /** Copies, because events change until the exchange ends. */
  readonly events: readonly AuditEvent[];
  /** Number of bodies that the pipeline has buffered. */
  reading(): number;
  close(): Promise<void>;
}

export interface BodyWordsOptions extends Omit<ForwarderOptions, 'log'> {
  readonly authorize?: ServicePipeline['authorize'];
}

/** Listener, pipeline and forwarder around a protocol that reads the operation from the first word of the body. */
export async function startBodyWords(options: BodyWordsOptions = {}): Promise<BodyWords> {
  const { authorize = allowReading, ...limits } = options;
  const upstream = await startRecordingUpstream();
  const log = recordingLog();
  const forwarder = startForwarder(upstream.url, { ...limits, log });
  let reading = 0;
  const service: ServicePipeline = {
    ...openService(forwarder),
    protocol: wordProtocol(),
    authorize,
    authorizeUnknown: (_credential, detail) => deny('operation_unknown', detail, sampleCaller()),
    bufferBody(request, wanted) {
      reading += 1;
      return forwarder.bufferBody(request, wanted);
    },
  };
  const events: AuditEvent[] = [];
  const stages = await openStages(log, (event) => void events.push(copyOf(event)));
  const pipeline = createPipeline({ ...stages, services: [service] });
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
