import type { AuditSink } from '../core/records/audit-event.ts';
import type { CandidateEvaluation } from '../core/candidate.ts';
import type { CredentialHint } from '../core/credential-hint.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import type { AdmitRequest } from '../core/identity-limits.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { RequestMeter } from '../core/operation/meter.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Incoming, MalformedRequest } from '../core/request/incoming.ts';
import { unable, type Refusal } from '../core/decision.ts';
import { faultFields } from './fault-fields.ts';
import { InFlight } from './in-flight.ts';
import { LIFECYCLES } from './lifecycle.ts';
import { malformedRequestEvent } from './malformed-request-event.ts';
import { RepeatedSubrequests } from './repeated-subrequests.ts';
import { createReauthorize, type Reauthorize, type TokenSourceOf } from './reauthorize.ts';
import { RequestContext } from './request-context.ts';
import { createResponder } from './responder.ts';
import { createRoute } from './route.ts';
import { createStepRunner } from './run-steps.ts';
import type { RefusalForm } from './send-refusal.ts';
import type { EndpointPipeline, ServicePipeline } from './service-pipeline.ts';
import { createRateLimitedVerify, type RecognizeMistake } from './verify-with-rate-limit.ts';

export interface Pipeline {
  request(incoming: Incoming): void;
  broken(request: MalformedRequest): void;
  /** Resolves as soon as none of its requests is in flight. */
  idle(): Promise<void>;
  readonly reauthorize: Reauthorize;
}

export function createPipeline(stages: Stages): Pipeline {
  const { audit, access, meter, clock, revocations } = stages;
  const route = createRoute(stages.services, stages.endpoints);
  const verifyCredential = createRateLimitedVerify(stages.failures, stages.recognizeMistake);
  const responder = createResponder(stages.fallback, stages.log);
  const run = createStepRunner(
    LIFECYCLES[stages.forwardedBy ?? 'gateway'],
    { audit, route, verifyCredential, revocations, admit: stages.admit },
    responder,
  );
  const inFlight = new InFlight();
  const repetitions = new RepeatedSubrequests({
    ended: complete,
    repeated,
    inFlight: () => inFlight.count,
  });

  function started(incoming: Incoming): void {
    inFlight.started();
    const context = new RequestContext(incoming, clock.now(), contextPorts);
    incoming.res.on('close', () => ended(context));
    incoming.res.on('error', ignoreWriteError);
    try {
      meter.requestStarted(undefined);
      run(context);
    } catch (error) {
      responder.failClosed(context, error);
    }
  }

  function ended(context: RequestContext): void {
    context.end();
    repetitions.ended(context);
  }

  function complete(context: RequestContext): void {
    const candidate = stages.candidate?.();
    if (candidate === undefined || context.pipeline === undefined) record(context);
    else candidate.ended(context, () => record(context));
  }

  function repeated(): void {
    inFlight.ended();
    meter.requestRepeated();
  }

  function record(context: RequestContext): void {
    inFlight.ended();
    repetitions.settle();
    try {
      meter.requestEnded(context);
      audit.write(context);
      access?.write(context);
    } catch (error) {
      responder.logFault('request was not recorded', context, error);
    }
  }

  function malformed(request: MalformedRequest): void {
    meter.requestStarted(undefined);
    const event = malformedRequestEvent(request, clock.now());
    meter.requestEnded(event);
    audit.write(event);
  }

  function reauthorize(context: RequestContext): Refusal | undefined {
    try {
      return stages.reauthorize(context, context.verified && stages.originOf(context.verified));
    } catch (error) {
      responder.logFault('reauthorization failed with an internal error', context, error);
      return unable('internal_error', faultFields(error).error);
    }
  }

  const { sendFault } = responder;
  const contextPorts = { sendFault, reauthorize, credentialHint: stages.credentialHint };
  return {
    request: started,
    broken: malformed,
    idle() {
      repetitions.drain();
      return inFlight.idle();
    },
    reauthorize: createReauthorize(stages),
  };
}

/** The dependencies of the pipeline. */
export interface Stages {
  /** `proxy`: the requests are subrequests, and the responses are decisions. Default: gateway. */
  readonly forwardedBy?: keyof typeof LIFECYCLES;
  readonly services: readonly ServicePipeline[];
  readonly endpoints: readonly EndpointPipeline[];
  readonly fallback: RefusalForm;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly originOf: TokenSourceOf;
  /** Uses the active configuration, because a WebSocket outlives the configuration under which it was opened. */
  readonly reauthorize: Reauthorize;
  readonly failures: FailureLimits;
  /** Undefined if the configuration has no limits of identities. */
  readonly admit?: AdmitRequest | undefined;
  readonly recognizeMistake: RecognizeMistake;
  readonly credentialHint: CredentialHint;
  readonly audit: AuditSink;
  /** A second, shorter line per request, if configured. */
  readonly access?: Pick<AuditSink, 'write'> | undefined;
  readonly meter: RequestMeter;
  /** The candidate policy, if there is one. Evaluated after the response has ended and before its audit event. */
  readonly candidate?: () => CandidateEvaluation | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A write to a connection that the client has closed; `close` follows. */
function ignoreWriteError(): void {}
