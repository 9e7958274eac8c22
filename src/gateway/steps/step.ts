import type { AuditSink } from '../../core/records/audit-event.ts';
import type { Revocations } from '../../core/credentials/revocation.ts';
import type { AdmitRequest } from '../../core/identity-limits.ts';
import type { Refusal } from '../../core/decision.ts';
import type { RequestContext } from '../request-context.ts';
import type { EndpointPipeline, ServicePipeline } from '../service-pipeline.ts';
import type { RateLimitedVerify } from '../verify-with-rate-limit.ts';

/** The dependencies of the steps. */
export interface StepPorts {
  readonly audit: Pick<AuditSink, 'available'>;
  readonly route: (host: string, path: string) => ServicePipeline | EndpointPipeline | undefined;
  readonly verifyCredential: RateLimitedVerify;
  readonly revocations: Pick<Revocations, 'check'>;
  /** Undefined if the configuration has no limits of identities. */
  readonly admit: AdmitRequest | undefined;
}

/** A step has sent the response, or has handed the request to the component that sends it. */
export interface Handled {
  readonly kind: 'handled';
}

export const HANDLED: Handled = { kind: 'handled' };

/** `undefined`: the next step follows. */
export type StepOutcome = Refusal | Handled | undefined;

/**
 * One step of the request lifecycle. It stores its result in the context. A step returns a promise only where it
 * waits for I/O, so that a request with a cached credential reaches the upstream within one turn of the event loop.
 */
export type Step = (context: RequestContext, ports: StepPorts) => StepOutcome | Promise<StepOutcome>;
