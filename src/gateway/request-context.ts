import type { AuditEvent } from '../core/audit-event.ts';
import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Allow, Caller, Decision, Refusal } from '../core/decision.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import type { Forwarding } from '../core/request/forwarding.ts';
import type { Incoming } from '../core/request/incoming.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Reason } from '../core/reasons.ts';
import type { RoutePlan } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import type { BufferedBody } from '../core/request/buffered-body.ts';
import { findHeader } from '../util/http/header-name.ts';
import type { EndpointPipeline, ServicePipeline } from './service-pipeline.ts';

export interface RequestContextPorts {
  /** Answers the client for a forwarder that could not. */
  sendFault(context: RequestContext, reason: Reason, retryAfter?: number): void;
  /** Why it would not be let in again as it was. */
  reauthorize(context: RequestContext): Refusal | undefined;
}

/**
 * One request on its way. Every stage writes into it what it found out; when the request ends, whichever way,
 * it is the audit event.
 */
export class RequestContext implements AuditEvent, Forwarding, EndpointCall {
  readonly incoming: Incoming;
  readonly startedAt: number;
  readonly #began = performance.now();
  pipeline: ServicePipeline | undefined;
  endpoint: EndpointPipeline | undefined;

  operations: readonly Operation[] = [];
  plan: RoutePlan | undefined;
  buffered: BufferedBody | undefined;
  presented: PresentedCredential | undefined;
  verified: VerifiedCredential | undefined;
  decision: Decision | undefined;
  reason: AuditEvent['reason'] = 'client_left';
  detail: string | undefined;

  upstreamStatus: number | undefined;
  upstreamDuration: number | undefined;
  bytesIn = 0;
  bytesOut = 0;
  duration = 0;
  aborted = false;
  readonly #ports: RequestContextPorts;

  constructor(incoming: Incoming, startedAt: number, ports: RequestContextPorts) {
    this.incoming = incoming;
    this.startedAt = startedAt;
    this.#ports = ports;
  }

  get head(): RequestHead {
    if ('kind' in this.incoming.head) throw new TypeError('a refused head has no request');
    return this.incoming.head;
  }

  get allow(): Allow {
    if (this.decision?.kind !== 'allow') throw new TypeError('only an allowed exchange is forwarded');
    return this.decision;
  }

  get caller(): Caller | undefined {
    return this.decision && callerOf(this.decision);
  }

  failed(...[reason, detail]: Parameters<Forwarding['failed']>): void {
    this.reason = reason;
    this.detail = detail;
    this.#ports.sendFault(this, reason);
  }

  refused(refusal: Refusal): void {
    this.decision = refusal;
    this.reason = refusal.reason;
    this.detail = refusal.detail;
    this.#ports.sendFault(this, refusal.reason, refusal.retryAfter);
  }

  broken(...[reason, detail]: Parameters<Forwarding['broken']>): void {
    this.reason = reason;
    this.detail = detail;
    this.aborted = true;
  }

  reauthorize(): Refusal | undefined {
    return this.#ports.reauthorize(this);
  }

  /** The response is done, or the client has left. */
  end(): void {
    this.duration = performance.now() - this.#began;
    const { res, upgrade } = this.incoming;
    if (!res.writableFinished && upgrade?.switched !== true) this.aborted = true;
  }

  get status(): number {
    if (this.incoming.upgrade?.switched === true) return 101;
    return this.incoming.res.headersSent ? this.incoming.res.statusCode : 0;
  }

  get requestId(): string {
    return this.incoming.requestId;
  }

  get clientAddress(): string {
    return this.incoming.client.address;
  }

  get userAgent(): string | undefined {
    return findHeader(this.incoming.req.rawHeaders, 'user-agent');
  }

  get traceparent(): string | undefined {
    return findHeader(this.incoming.req.rawHeaders, 'traceparent');
  }

  get method(): string {
    return this.incoming.req.method ?? '';
  }

  get host(): string {
    const { head, req } = this.incoming;
    return 'kind' in head ? withoutUser(findHeader(req.rawHeaders, 'host') ?? '') : head.host;
  }

  get path(): string {
    const { head, req } = this.incoming;
    // A refused target is shown only as far as it can hold no query.
    return withoutToken(
      'kind' in head ? (/^[^?#]{0,512}/.exec(withoutUser(req.url ?? ''))?.[0] ?? '') : head.path,
    );
  }

  get service(): string | undefined {
    return this.pipeline?.name ?? this.endpoint?.service?.name;
  }

  get serviceType(): string | undefined {
    return this.pipeline?.type ?? this.endpoint?.service?.type;
  }
}

/** Whoever puts a user into a URL puts a password beside it. */
function withoutUser(target: string): string {
  return target.replace(/^([^/?#]*\/\/)?[^/?#]*@/, '$1');
}

/** `npm logout` names the token that it wants to be deleted, whoever it asks. */
function withoutToken(path: string): string {
  return path.replace(/\/-\/user\/token\/.*/s, '/-/user/token/***');
}

export function callerOf(decision: Decision): Caller | undefined {
  return decision.kind === 'unable' ? undefined : decision.caller;
}

export function basisReason(allow: Allow): 'granted' | 'anonymous' | 'shadow' {
  return allow.basis === 'grant' ? 'granted' : allow.basis;
}
