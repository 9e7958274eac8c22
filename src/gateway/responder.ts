import type { Log } from '../core/ports.ts';
import { unable, type Refusal } from '../core/decision.ts';
import { refusalMessage } from '../core/refusal-messages.ts';
import type { Reason } from '../core/reasons.ts';
import { destroyResponse } from '../util/http/destroy-response.ts';
import { faultFields } from './fault-fields.ts';
import type { RequestContext } from './request-context.ts';
import { sendRefusal, type RefusalForm } from './send-refusal.ts';

/** Sends the responses to requests that are not forwarded. */
export interface Responder {
  readonly refuse: (context: RequestContext, refusal: Refusal) => void;
  /** The response to an allowed request whose forwarding failed. */
  readonly sendFault: (context: RequestContext, reason: Reason, retryAfter?: number) => void;
  /** An exception is no decision: 503, whatever its cause (threats K8). */
  readonly failClosed: (context: RequestContext, error: unknown) => void;
  readonly logFault: (message: string, context: RequestContext, error: unknown) => void;
}

/** `fallback` formats the refusals of requests that match no service. */
export function createResponder(fallback: RefusalForm, log: Log): Responder {
  function formOf({ pipeline }: RequestContext): RefusalForm {
    return pipeline?.protocol ?? fallback;
  }

  function refuse(context: RequestContext, refusal: Refusal): void {
    context.decision = refusal;
    context.reason = refusal.reason;
    context.detail = refusal.detail;
    sendRefusal(context, refusal.reason, refusal.retryAfter, formOf(context), refusalMessage(refusal));
  }

  function failClosed(context: RequestContext, error: unknown): void {
    logFault('request failed with an internal error', context, error);
    const refusal = unable('internal_error', faultFields(error).error);
    try {
      refuse(context, refusal);
    } catch {
      // The exception may come from the protocol's own refusal format.
      sendRefusal(context, refusal.reason, refusal.retryAfter, fallback);
    }
    const { res } = context.incoming;
    if (res.headersSent && !res.writableEnded) destroyResponse(res);
  }

  function sendFault(context: RequestContext, reason: Reason, retryAfter?: number): void {
    try {
      const wait = reason === 'overloaded' ? 1 : retryAfter;
      sendRefusal(context, reason, wait, formOf(context));
    } catch (error) {
      failClosed(context, error);
    }
  }

  function logFault(message: string, { requestId }: RequestContext, error: unknown): void {
    log.error(message, { request_id: requestId, ...faultFields(error) });
  }

  return { refuse, sendFault, failClosed, logFault };
}
