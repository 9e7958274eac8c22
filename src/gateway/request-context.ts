import type { AuditEvent } from '../core/records/audit-event.ts';
import type { CandidateDifference } from '../core/candidate.ts';
import { redactCredentials } from '../core/credentials/credential-pattern.ts';
import type { PresentedCredential, VerifiedCredential } from '../core/credentials/credential.ts';
import type { HeldPlaces } from '../core/identity-limits.ts';
import type { IssueTicket } from '../core/credentials/ticket.ts';
import type { CredentialHint } from '../core/credential-hint.ts';
import type { Allow, Caller, Decision, Deny, Refusal } from '../core/decision.ts';
import type { EndpointCall } from '../core/request/endpoint.ts';
import type { Forwarding } from '../core/request/forwarding.ts';
import type { Incoming } from '../core/request/incoming.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Reason } from '../core/reasons.ts';
import type { RoutePlan } from '../core/request/protocol.ts';
import type { CanonicalPath, RequestHead } from '../core/request/request-head.ts';
import type { BufferedBody } from '../core/request/buffered-body.ts';
import type { SubrequestRules } from '../core/request/subrequest-rules.ts';
import { findHeader } from '../util/http/header-name.ts';
import type { Classified } from './classified.ts';
import {
  isForwarded,
  type EndpointPipeline,
  type ForwardedService,
  type ServicePipeline,
} from './service-pipeline.ts';

export interface RequestContextPorts {
  /** Sends the response to a request whose forwarding failed. */
  sendFault(context: RequestContext, reason: Reason, retryAfter?: number): void;
  /** The refusal that the request would get under the active configuration. */
  reauthorize(context: RequestContext): Refusal | undefined;
  readonly credentialHint: CredentialHint;
}

/** The state of one request. Every step stores its result here; at the end of the request it is the audit event. */
export class RequestContext implements AuditEvent, Forwarding, EndpointCall {
  readonly incoming: Incoming;
  readonly startedAt: number;
  readonly #began = performance.now();
  #head: RequestHead | undefined;
  pipeline: ServicePipeline | undefined;
  endpoint: EndpointPipeline | undefined;
  /** The path lacks the final slash of the service's path. */
  slashMissing = false;

  operations: readonly Operation[] = [];
  classification: Classified | undefined;
  plan: RoutePlan | undefined;
  buffered: BufferedBody | undefined;
  /** The credential, or the reason why the request has no single one. */
  extracted: PresentedCredential | Deny | undefined;
  presented: PresentedCredential | undefined;
  verified: VerifiedCredential | undefined;
  decision: Decision | undefined;
  /** The decision on the operations that the body can contain, before the body is read. */
  possible: Allow | undefined;
  /** The request has waited since its authorization: the policy or the revocations can have changed. */
  outdated = false;
  /** The places in the limits of the caller. */
  places: HeldPlaces | undefined;
  reason: AuditEvent['reason'] = 'client_left';
  detail: string | undefined;
  candidate: CandidateDifference | undefined;

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
    if (this.#head !== undefined) return this.#head;
    if ('kind' in this.incoming.head) throw new TypeError('the request head was refused');
    return this.incoming.head;
  }

  /** Continues with another path than the client's. The audit event contains the client's path. */
  continueAt(path: string): void {
    this.#head = { ...this.head, path: path as CanonicalPath };
  }

  /** A step has waited for I/O. */
  waited(): void {
    if (this.decision !== undefined || this.possible !== undefined) this.outdated = true;
  }

  /** The service pipeline; steps after the routing step use it. */
  get routed(): ServicePipeline {
    if (this.pipeline === undefined) throw new TypeError('the request has not been routed to a service');
    return this.pipeline;
  }

  /** Steps after `requireUpstream` use it. */
  get forwarded(): ForwardedService {
    if (!isForwarded(this.routed)) throw new TypeError('the service has no upstream');
    return this.routed;
  }

  /** Steps after `requireSubrequestRules` use it. */
  get subrequestRules(): SubrequestRules {
    if (this.pipeline?.subrequests === undefined) throw new TypeError('the service has no subrequests');
    return this.pipeline.subrequests;
  }

  get classified(): Classified {
    if (this.classification === undefined) throw new TypeError('the request has not been classified');
    return this.classification;
  }

  get allow(): Allow {
    if (this.decision?.kind !== 'allow') throw new TypeError('only an allowed request is forwarded');
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

  prepareTickets(): Promise<IssueTicket> {
    const { routed, verified, caller, operations } = this;
    if (routed.prepareTickets === undefined) throw new TypeError('the service issues no tickets');
    const identity = caller?.identity;
    return routed.prepareTickets({ service: routed.name, credential: verified, identity, operations });
  }

  reauthorize(): Refusal | undefined {
    return this.#ports.reauthorize(this);
  }

  /** The response is complete, or the client has closed the connection. */
  end(): void {
    this.places?.release();
    this.duration = performance.now() - this.#began;
    const { res, upgrade } = this.incoming;
    if (!res.writableFinished && upgrade?.switched !== true) this.aborted = true;
  }

  get credentialHint(): string {
    return this.#ports.credentialHint(this.host, this.incoming.client.proto);
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
    return findHeader(this.incoming.original.rawHeaders, 'user-agent');
  }

  get traceparent(): string | undefined {
    return findHeader(this.incoming.original.rawHeaders, 'traceparent');
  }

  get method(): string {
    return this.incoming.original.method ?? '';
  }

  get host(): string {
    const { head, original } = this.incoming;
    return 'kind' in head ? withoutUser(findHeader(original.rawHeaders, 'host') ?? '') : head.host;
  }

  get path(): string {
    const { head, original } = this.incoming;
    // A target that differs from its path is recorded without the query, because a query may contain a credential.
    return withoutToken(
      'kind' in head || head.dotSegment === true
        ? (/^[^?#]{0,512}/.exec(redactCredentials(withoutUser(original.url ?? '')))?.[0] ?? '')
        : head.path,
    );
  }

  get service(): string | undefined {
    return this.pipeline?.name ?? this.endpoint?.service?.name;
  }

  get serviceType(): string | undefined {
    return this.pipeline?.type ?? this.endpoint?.service?.type;
  }
}

/** The userinfo of a URL may contain a password (RFC 3986 §3.2.1). */
function withoutUser(target: string): string {
  return target.replace(/^([^/?#]*\/\/)?[^/?#]*@/, '$1');
}

/** `npm logout` puts the token to delete into the path. */
function withoutToken(path: string): string {
  const at = path.indexOf(TOKEN_PATH);
  return at === -1 ? path : `${path.slice(0, at)}${TOKEN_PATH}***`;
}

const TOKEN_PATH = '/-/user/token/';

export function callerOf(decision: Decision): Caller | undefined {
  return decision.kind === 'unable' ? undefined : decision.caller;
}
