import { createExtract } from '../../src/credentials/index.ts';
import type { AuditEvent, AuditSink } from '../../src/core/records/audit-event.ts';
import type { Forwarding } from '../../src/core/request/forwarding.ts';
import type { Incoming } from '../../src/core/request/incoming.ts';
import { createPipeline, type Pipeline, type ServicePipeline } from '../../src/gateway/index.ts';
import { createTokenRouteGuard, httpProtocol, jsonRefusal } from '../../src/protocols/index.ts';
import type { StageBed } from './bed.ts';

/** A request as the forwarder and the audit trail receive it. */
export type Forwarded = Forwarding & AuditEvent;

/** The pipeline of the one service. `forwarded` receives the allowed requests. */
export function createStagePipeline(
  { config, authenticator, authorizer, ports }: StageBed,
  forwarded: (request: Forwarded) => void,
  audit: AuditSink = { write: () => undefined, available: () => true, flush: () => Promise.resolve() },
): Pipeline & { readonly service: ServicePipeline } {
  const [settings] = config.services;
  if (settings?.type !== 'http') throw new TypeError('the first service of the stages is not of type http');
  const { name } = settings;
  const protocol = httpProtocol(settings);
  const service: ServicePipeline = {
    ...settings,
    protocol,
    guard: createTokenRouteGuard(settings),
    extract: createExtract({
      publicUrl: config.server.publicUrl,
      deployUsernames: new Set(),
      gitlabDeployTokens: false,
      credentialSources: protocol.credentialSources,
      queryParameters: [],
    }),
    authenticate: authenticator.forService(name),
    authorize: authorizer.forService(name),
    authorizeUnknown: authorizer.forUnknown(name),
    // The request context implements both.
    forward: (request) => forwarded(request as Forwarded),
    bufferBody: () => Promise.reject(new TypeError('no stage has a body')),
  };
  const pipeline = createPipeline({
    services: [service],
    endpoints: [],
    fallback: { refusal: jsonRefusal },
    revocations: { check: () => ({ kind: 'clear' }) },
    originOf: () => undefined,
    reauthorize: () => undefined,
    failures: { failed: () => undefined, pending: () => undefined },
    recognizeMistake: () => undefined,
    credentialHint: () => 'See /v1/users/me.',
    audit,
    meter: {
      requestStarted: () => undefined,
      requestEnded: () => undefined,
      requestRepeated: () => undefined,
    },
    clock: ports.clock,
    log: ports.log,
  });
  return { ...pipeline, service };
}

/** Returns the function that runs a request up to the forwarder. */
export function createForwardedRequests(bed: StageBed): (incoming: Incoming) => Forwarded {
  let last: Forwarded | undefined;
  const pipeline = createStagePipeline(bed, (request) => (last = request));
  return (incoming) => {
    last = undefined;
    pipeline.request(incoming);
    if (last === undefined) throw new Error('the request is not allowed');
    return last;
  };
}
