import type { AuditSink } from '../contract/audit-event.ts';
import type { VerifiedCredential } from '../contract/credential.ts';
import { deny, unable, type Refusal } from '../contract/decision.ts';
import type { BrokenRequest, Incoming } from '../contract/incoming.ts';
import type { RequestMeter } from '../contract/meter.ts';
import type { Clock, Log } from '../contract/ports.ts';
import type { Classification } from '../contract/protocol.ts';
import type { Reason } from '../contract/reason.ts';
import { answer, type Fallback } from './answer.ts';
import { brokenEvent } from './broken-event.ts';
import { basisReason, Exchange } from './exchange.ts';
import { createRoute } from './route.ts';
import type { ServiceLine } from './service-line.ts';

export interface Stages {
  readonly services: readonly ServiceLine[];
  readonly fallback: Fallback;
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
}

/** The one way of a request: route → classify → extract → authenticate → authorize → forward → audit. */
export function createPipeline(stages: Stages): Pipeline {
  const route = createRoute(stages.services);

  function handleRequest(exchange: Exchange): void {
    if (!stages.audit.available())
      return refuse(exchange, unable('audit_unavailable', 'the sink takes no more'));
    const { head } = exchange.incoming;
    if ('kind' in head) return refuse(exchange, head);

    const line = route(head.host, head.path);
    if (line === undefined) return refuse(exchange, deny('no_service', `nothing at ${head.host}`));
    exchange.line = line;

    const asked = line.protocol.classify(head);
    if (asked.kind === 'deny') return refuse(exchange, asked);
    if (asked.kind === 'operations') exchange.operations = asked.operations;

    const presented = line.extract(head);
    if (presented === undefined) return decide(exchange, line, asked, undefined);
    if ('kind' in presented) return refuse(exchange, presented);
    exchange.presented = presented;

    const verified = line.authenticate(presented);
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
    if (asked.kind === 'unknown') {
      return refuse(
        exchange,
        deny(verified === undefined ? 'no_credential' : 'operation_unknown', asked.detail),
      );
    }
    const decision = line.authorize(verified, asked.operations);
    if (decision.kind !== 'allow') return refuse(exchange, decision);
    exchange.decision = decision;
    exchange.reason = basisReason(decision);
    line.forward(exchange);
  }

  function refuse(exchange: Exchange, refusal: Refusal): void {
    exchange.decision = refusal;
    exchange.reason = refusal.reason;
    exchange.detail = refusal.detail;
    answer(exchange, refusal.reason, refusal.retryAfter, stages.fallback);
  }

  /** An exception is no decision: 503, whatever it was (threats K8). */
  function undecided(exchange: Exchange, error: unknown): void {
    const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined };
    // Frames only: a message may quote what a client sent.
    const frames = stack
      ?.split('\n')
      .filter((frame) => frame.startsWith('    at '))
      .slice(0, 8)
      .join(' | ');
    stages.log.error('request not decided', { request_id: exchange.requestId, error: name, frames });
    refuse(exchange, unable('internal_error', name));
    if (exchange.incoming.res.headersSent && !exchange.incoming.res.writableEnded)
      exchange.incoming.res.destroy();
  }

  function answerFault(exchange: Exchange, reason: Reason): void {
    answer(exchange, reason, reason === 'overloaded' ? 1 : undefined, stages.fallback);
  }

  function ended(exchange: Exchange): void {
    exchange.end();
    stages.meter.requestEnded(exchange);
    stages.audit.write(exchange);
    stages.access?.write(exchange);
  }

  return {
    request(incoming) {
      const exchange = new Exchange(incoming, stages.clock.now(), answerFault);
      stages.meter.requestStarted(undefined);
      incoming.res.once('close', () => ended(exchange));
      incoming.res.on('error', ignore);
      try {
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
  };
}

/** A write to a client that has left; `close` follows. */
function ignore(): void {}
