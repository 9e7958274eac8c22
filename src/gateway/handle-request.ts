import type { AuditSink } from '../core/audit-event.ts';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, unable, type Refusal } from '../core/decision.ts';
import type { BrokenRequest, Incoming } from '../core/request/incoming.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { RequestMeter } from '../core/meter.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Classification } from '../core/request/protocol.ts';
import type { Reason } from '../core/reasons.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import type { BodyWanted } from '../core/request/buffered-body.ts';
import { createAdmit } from './verify-with-rate-limit.ts';
import { answer, type RefusalForm } from './send-refusal.ts';
import { brokenEvent } from './malformed-request-event.ts';
import { classify } from './classify.ts';
import { basisReason, callerOf, Exchange } from './request-context.ts';
import { faultFields } from './fault-fields.ts';
import { judge, operationsOf } from './authorize.ts';
import { ownAnswer } from './built-in-response.ts';
import { refuseHeaders } from './refuse-headers.ts';
import { refuseRevoked } from './check-revocation.ts';
import { createRoute } from './route.ts';
import type { EndpointLine, ServiceLine } from './service-pipeline.ts';
import { createStanding, type OriginOf, type Standing } from './reauthorize.ts';

export interface Stages {
  readonly services: readonly ServiceLine[];
  readonly endpoints: readonly EndpointLine[];
  readonly fallback: RefusalForm;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly originOf: OriginOf;
  /** That of the pipeline in force: a tunnel outlives the one that it came to. */
  readonly standing: Standing;
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
  broken(request: BrokenRequest): void;
  /** Resolves as soon as none of its requests is under way. */
  idle(): Promise<void>;
  readonly standing: Standing;
}

/** The one way of a request: route → classify → extract → authenticate → authorize → forward → audit. */
export function createPipeline(stages: Stages): Pipeline {
  const route = createRoute(stages.services, stages.endpoints);
  const admit = createAdmit(stages.failures);
  let underWay = 0;
  const waiting: (() => void)[] = [];

  function handleRequest(exchange: Exchange): void {
    if (!stages.audit.available())
      return refuse(exchange, unable('audit_unavailable', 'the sink takes no more'));
    const { head } = exchange.incoming;
    if ('kind' in head) return refuse(exchange, head);

    const line = route(head.host, head.path);
    if (head.encodedSlash === true && !readsEncodedSlash(line)) {
      return refuse(exchange, deny('path_ambiguous', '%2F'));
    }
    if (line === undefined) return refuse(exchange, deny('no_service', `nothing at ${head.host}`));
    if ('endpointPath' in line) return callEndpoint(exchange, line);
    exchange.line = line;
    const refusedHeader = refuseHeaders(line, head);
    if (refusedHeader !== undefined) return refuse(exchange, refusedHeader);

    const asked = line.guard(head, classify(line.protocol, head));
    if (asked.kind === 'deny') return refuse(exchange, asked);
    exchange.operations = operationsOf(asked);
    const form = asked.kind === 'operations' ? asked.form : undefined;
    if (form === undefined) return authenticate(exchange, line, asked, line.extract(head));
    takeBody(exchange, line, { part: 'whole', maxBytes: form.maxBytes, ofAnybody: true }, (body) =>
      authenticate(exchange, line, asked, line.extract(head, { field: form.field, body })),
    );
  }

  function authenticate(
    exchange: Exchange,
    line: ServiceLine,
    asked: Exclude<Classification, Refusal>,
    presented: ReturnType<ServiceLine['extract']>,
  ): void {
    if (presented === undefined) return decide(exchange, line, asked, undefined);
    if (!('kind' in presented)) exchange.presented = presented;

    const { client } = exchange.incoming;
    const verified = admit(line.authenticate, presented, { host: exchange.host, client });
    if (!(verified instanceof Promise)) return decide(exchange, line, asked, verified);
    verified
      .then((result) => {
        // Verification may have taken a while: who has left needs no decision.
        if (!exchange.incoming.res.destroyed) decide(exchange, line, asked, result);
      })
      .catch((error: unknown) => undecided(exchange, error));
  }

  function decide(
    exchange: Exchange,
    line: ServiceLine,
    asked: Exclude<Classification, Refusal>,
    verified: VerifiedCredential | Refusal | undefined,
  ): void {
    if (verified !== undefined && 'kind' in verified) return refuse(exchange, verified);
    exchange.verified = verified;
    const decision = judge(exchange, line, asked, verified);
    const revoked = verified && refuseRevoked(stages.revocations, verified, callerOf(decision));
    if (revoked !== undefined) return refuse(exchange, revoked);
    if (decision.kind !== 'allow') return refuse(exchange, decision);
    if (asked.kind === 'in-body') {
      const { part, maxBytes } = asked;
      const wanted = { part, maxBytes, ofAnybody: decision.basis === 'anonymous' };
      return takeBody(exchange, line, wanted, (body) => {
        const read = asked.read(body);
        if (read.kind === 'deny') refuse(exchange, read);
        else decide(exchange, line, read, verified);
      });
    }
    exchange.decision = decision;
    exchange.reason = basisReason(decision);
    const own = exchange.plan?.answer;
    if (own === undefined) line.forward(exchange);
    else ownAnswer(exchange, typeof own === 'function' ? own(decision.caller) : own);
  }

  /** The way goes on once what is wanted of the body is there. */
  function takeBody(
    exchange: Exchange,
    line: ServiceLine,
    wanted: BodyWanted,
    proceed: (body: Buffer) => void,
  ): void {
    line
      .takeBody(exchange, wanted)
      .then((taken) => {
        if (exchange.incoming.res.destroyed) return;
        if ('kind' in taken) return refuse(exchange, taken);
        exchange.taken = taken;
        exchange.bytesIn = taken.bytes.length;
        proceed(taken.bytes.subarray(0, wanted.maxBytes));
      })
      .catch((error: unknown) => undecided(exchange, error));
  }

  function callEndpoint(exchange: Exchange, line: EndpointLine): void {
    exchange.endpoint = line;
    line.handle(exchange).catch((error: unknown) => undecided(exchange, error));
  }

  function refuse(exchange: Exchange, refusal: Refusal): void {
    exchange.decision = refusal;
    exchange.reason = refusal.reason;
    exchange.detail = refusal.detail;
    const message = refusal.kind === 'deny' ? refusal.message : undefined;
    answer(exchange, refusal.reason, refusal.retryAfter, formOf(exchange), message);
  }

  function formOf({ line }: Exchange): RefusalForm {
    return line?.protocol ?? stages.fallback;
  }

  /** An exception is no decision: 503, whatever it was (threats K8). */
  function undecided(exchange: Exchange, error: unknown): void {
    logFault('request not decided', exchange, error);
    const refusal = unable('internal_error', faultFields(error).error);
    try {
      refuse(exchange, refusal);
    } catch {
      // What fails may be the protocol's own way to say no.
      answer(exchange, refusal.reason, refusal.retryAfter, stages.fallback);
    }
    const { res } = exchange.incoming;
    if (res.headersSent && !res.writableEnded) res.destroy();
  }

  function logFault(message: string, { requestId }: Exchange, error: unknown): void {
    stages.log.error(message, { request_id: requestId, ...faultFields(error) });
  }

  function answerFault(exchange: Exchange, reason: Reason, retryAfter?: number): void {
    try {
      const wait = reason === 'overloaded' ? 1 : retryAfter;
      answer(exchange, reason, wait, formOf(exchange));
    } catch (error) {
      undecided(exchange, error);
    }
  }

  function recheck(exchange: Exchange): Refusal | undefined {
    try {
      return stages.standing(exchange, exchange.verified && stages.originOf(exchange.verified));
    } catch (error) {
      logFault('standing not decided', exchange, error);
      return unable('internal_error', faultFields(error).error);
    }
  }

  function ended(exchange: Exchange): void {
    underWay -= 1;
    if (underWay === 0) for (const resolve of waiting.splice(0)) resolve();
    exchange.end();
    try {
      stages.meter.requestEnded(exchange);
      stages.audit.write(exchange);
      stages.access?.write(exchange);
    } catch (error) {
      logFault('request not accounted for', exchange, error);
    }
  }

  return {
    request(incoming) {
      underWay += 1;
      const exchange = new Exchange(incoming, stages.clock.now(), { answerFault, recheck });
      incoming.res.on('close', () => ended(exchange));
      incoming.res.on('error', ignore);
      try {
        stages.meter.requestStarted(undefined);
        handleRequest(exchange);
      } catch (error) {
        undecided(exchange, error);
      }
    },
    broken(request) {
      stages.meter.requestStarted(undefined);
      const event = brokenEvent(request, stages.clock.now());
      stages.meter.requestEnded(event);
      stages.audit.write(event);
    },
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    standing: createStanding(stages),
  };
}

/** To most servers it is either a slash or a part of a name, and nobody knows which. */
function readsEncodedSlash(line: ServiceLine | EndpointLine | undefined): boolean {
  if (line === undefined) return false;
  return ('protocol' in line ? line.protocol : line).encodedSlash === true;
}

/** A write to a client that has left; `close` follows. */
function ignore(): void {}
