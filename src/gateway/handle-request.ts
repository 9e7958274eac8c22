import type { AuditSink } from '../core/audit-event.ts';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, unable, type Refusal } from '../core/decision.ts';
import type { MalformedRequest, Incoming } from '../core/request/incoming.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { RequestMeter } from '../core/meter.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Classification } from '../core/request/protocol.ts';
import type { Reason } from '../core/reasons.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import type { BodyRequirement } from '../core/request/buffered-body.ts';
import { createRateLimitedVerify } from './verify-with-rate-limit.ts';
import { sendRefusal, type RefusalForm } from './send-refusal.ts';
import { malformedRequestEvent } from './malformed-request-event.ts';
import { classify } from './classify.ts';
import { basisReason, callerOf, RequestContext } from './request-context.ts';
import { faultFields } from './fault-fields.ts';
import { authorizeRequest, operationsOf } from './authorize.ts';
import { sendBuiltInResponse } from './built-in-response.ts';
import { refuseHeaders } from './refuse-headers.ts';
import { refuseRevoked } from './check-revocation.ts';
import { createRoute } from './route.ts';
import type { EndpointPipeline, ServicePipeline } from './service-pipeline.ts';
import { createReauthorize, type TokenSourceOf, type Reauthorize } from './reauthorize.ts';

export interface Stages {
  readonly services: readonly ServicePipeline[];
  readonly endpoints: readonly EndpointPipeline[];
  readonly fallback: RefusalForm;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly originOf: TokenSourceOf;
  /** That of the pipeline in force: a tunnel outlives the one that it came to. */
  readonly reauthorize: Reauthorize;
  readonly failures: FailureLimits;
  readonly audit: AuditSink;
  /** A second, shorter line per request where the operator wants one. */
  readonly access?: Pick<AuditSink, 'write'> | undefined;
  readonly meter: RequestMeter;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Pipeline {
  request(incoming: Incoming): void;
  broken(request: MalformedRequest): void;
  /** Resolves as soon as none of its requests is under way. */
  idle(): Promise<void>;
  readonly reauthorize: Reauthorize;
}

/** The one way of a request: route → classify → extract → authenticate → authorize → forward → audit. */
export function createPipeline(stages: Stages): Pipeline {
  const route = createRoute(stages.services, stages.endpoints);
  const verifyCredential = createRateLimitedVerify(stages.failures);
  let inFlight = 0;
  const waiting: (() => void)[] = [];

  function handleRequest(context: RequestContext): void {
    if (!stages.audit.available())
      return refuse(context, unable('audit_unavailable', 'the sink takes no more'));
    const { head } = context.incoming;
    if ('kind' in head) return refuse(context, head);

    const pipeline = route(head.host, head.path);
    if (head.encodedSlash === true && !readsEncodedSlash(pipeline)) {
      return refuse(context, deny('path_ambiguous', '%2F'));
    }
    if (pipeline === undefined) return refuse(context, deny('no_service', `nothing at ${head.host}`));
    if ('endpointPath' in pipeline) return callEndpoint(context, pipeline);
    context.pipeline = pipeline;
    const refusedHeader = refuseHeaders(pipeline, head);
    if (refusedHeader !== undefined) return refuse(context, refusedHeader);

    const classification = pipeline.guard(head, classify(pipeline.protocol, head));
    if (classification.kind === 'deny') return refuse(context, classification);
    context.operations = operationsOf(classification);
    const form = classification.kind === 'operations' ? classification.form : undefined;
    if (form === undefined) return authenticate(context, pipeline, classification, pipeline.extract(head));
    bufferBody(
      context,
      pipeline,
      { part: 'whole', maxBytes: form.maxBytes, beforeAuthentication: true },
      (body) =>
        authenticate(context, pipeline, classification, pipeline.extract(head, { field: form.field, body })),
    );
  }

  function authenticate(
    context: RequestContext,
    pipeline: ServicePipeline,
    classification: Exclude<Classification, Refusal>,
    presented: ReturnType<ServicePipeline['extract']>,
  ): void {
    if (presented === undefined) return decide(context, pipeline, classification, undefined);
    if (!('kind' in presented)) context.presented = presented;

    const { client } = context.incoming;
    const verified = verifyCredential(pipeline.authenticate, presented, { host: context.host, client });
    if (!(verified instanceof Promise)) return decide(context, pipeline, classification, verified);
    verified
      .then((result) => {
        // Verification may have taken a while: who has left needs no decision.
        if (!context.incoming.res.destroyed) decide(context, pipeline, classification, result);
      })
      .catch((error: unknown) => failClosed(context, error));
  }

  function decide(
    context: RequestContext,
    pipeline: ServicePipeline,
    classification: Exclude<Classification, Refusal>,
    verified: VerifiedCredential | Refusal | undefined,
  ): void {
    if (verified !== undefined && 'kind' in verified) return refuse(context, verified);
    context.verified = verified;
    const decision = authorizeRequest(context, pipeline, classification, verified);
    const revoked = verified && refuseRevoked(stages.revocations, verified, callerOf(decision));
    if (revoked !== undefined) return refuse(context, revoked);
    if (decision.kind !== 'allow') return refuse(context, decision);
    if (classification.kind === 'in-body') {
      const { part, maxBytes } = classification;
      const wanted = { part, maxBytes, beforeAuthentication: decision.basis === 'anonymous' };
      return bufferBody(context, pipeline, wanted, (body) => {
        const read = classification.read(body);
        if (read.kind === 'deny') refuse(context, read);
        else decide(context, pipeline, read, verified);
      });
    }
    context.decision = decision;
    context.reason = basisReason(decision);
    const own = context.plan?.builtInResponse;
    if (own === undefined) pipeline.forward(context);
    else sendBuiltInResponse(context, typeof own === 'function' ? own(decision.caller) : own);
  }

  /** The way goes on once what is wanted of the body is there. */
  function bufferBody(
    context: RequestContext,
    pipeline: ServicePipeline,
    wanted: BodyRequirement,
    proceed: (body: Buffer) => void,
  ): void {
    pipeline
      .bufferBody(context, wanted)
      .then((buffered) => {
        if (context.incoming.res.destroyed) return;
        if ('kind' in buffered) return refuse(context, buffered);
        context.buffered = buffered;
        context.bytesIn = buffered.bytes.length;
        proceed(buffered.bytes.subarray(0, wanted.maxBytes));
      })
      .catch((error: unknown) => failClosed(context, error));
  }

  function callEndpoint(context: RequestContext, pipeline: EndpointPipeline): void {
    context.endpoint = pipeline;
    pipeline.handle(context).catch((error: unknown) => failClosed(context, error));
  }

  function refuse(context: RequestContext, refusal: Refusal): void {
    context.decision = refusal;
    context.reason = refusal.reason;
    context.detail = refusal.detail;
    const message = refusal.kind === 'deny' ? refusal.message : undefined;
    sendRefusal(context, refusal.reason, refusal.retryAfter, formOf(context), message);
  }

  function formOf({ pipeline }: RequestContext): RefusalForm {
    return pipeline?.protocol ?? stages.fallback;
  }

  /** An exception is no decision: 503, whatever it was (threats K8). */
  function failClosed(context: RequestContext, error: unknown): void {
    logFault('request not decided', context, error);
    const refusal = unable('internal_error', faultFields(error).error);
    try {
      refuse(context, refusal);
    } catch {
      // What fails may be the protocol's own way to say no.
      sendRefusal(context, refusal.reason, refusal.retryAfter, stages.fallback);
    }
    const { res } = context.incoming;
    if (res.headersSent && !res.writableEnded) res.destroy();
  }

  function logFault(message: string, { requestId }: RequestContext, error: unknown): void {
    stages.log.error(message, { request_id: requestId, ...faultFields(error) });
  }

  function sendFault(context: RequestContext, reason: Reason, retryAfter?: number): void {
    try {
      const wait = reason === 'overloaded' ? 1 : retryAfter;
      sendRefusal(context, reason, wait, formOf(context));
    } catch (error) {
      failClosed(context, error);
    }
  }

  function reauthorize(context: RequestContext): Refusal | undefined {
    try {
      return stages.reauthorize(context, context.verified && stages.originOf(context.verified));
    } catch (error) {
      logFault('standing not decided', context, error);
      return unable('internal_error', faultFields(error).error);
    }
  }

  function ended(context: RequestContext): void {
    inFlight -= 1;
    if (inFlight === 0) for (const resolve of waiting.splice(0)) resolve();
    context.end();
    try {
      stages.meter.requestEnded(context);
      stages.audit.write(context);
      stages.access?.write(context);
    } catch (error) {
      logFault('request not accounted for', context, error);
    }
  }

  return {
    request(incoming) {
      inFlight += 1;
      const context = new RequestContext(incoming, stages.clock.now(), { sendFault, reauthorize });
      incoming.res.on('close', () => ended(context));
      incoming.res.on('error', ignore);
      try {
        stages.meter.requestStarted(undefined);
        handleRequest(context);
      } catch (error) {
        failClosed(context, error);
      }
    },
    broken(request) {
      stages.meter.requestStarted(undefined);
      const event = malformedRequestEvent(request, stages.clock.now());
      stages.meter.requestEnded(event);
      stages.audit.write(event);
    },
    idle: () => (inFlight === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    reauthorize: createReauthorize(stages),
  };
}

/** To most servers it is either a slash or a part of a name, and nobody knows which. */
function readsEncodedSlash(pipeline: ServicePipeline | EndpointPipeline | undefined): boolean {
  if (pipeline === undefined) return false;
  return ('protocol' in pipeline ? pipeline.protocol : pipeline).encodedSlash === true;
}

/** A write to a client that has left; `close` follows. */
function ignore(): void {}
