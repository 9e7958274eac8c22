import { deny, type Refusal } from '../../core/decision.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import { REASONS } from '../../core/reasons.ts';

export interface EndpointResponse {
  readonly kind: 'response';
  /** Default: 200. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: string;
  /** A `Cache-Control` value. Default: no-store. */
  readonly cache?: string;
}

/** A refusal for the audit log with a client error of its endpoint, in place of the error format's default. */
export interface EndpointRefusal {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly clientError: ClientError;
}

/** The result of an endpoint: a response, or one of the two refusals. */
export type EndpointOutcome = EndpointResponse | EndpointRefusal | Refusal;

/** The error that the client receives. */
export interface ClientError {
  readonly status: number;
  /** An error code of the endpoint's standard. */
  readonly code: string | number;
  readonly message: string;
  /** Of a refused credential: names the endpoint that describes it. */
  readonly hint?: string | undefined;
  /** Structured details, where the format has a place for them. */
  readonly details?: readonly object[] | undefined;
}

/** The error format of an endpoint's standard. */
export interface ErrorFormat {
  /** The client error for a refusal that has none. */
  toClientError(refusal: Refusal): ClientError;
  /** `headers` (name, value, name, value …) are added to the headers of every refusal. */
  write(clientError: ClientError, call: EndpointCall): WrittenError;
}

export interface WrittenError {
  readonly contentType: string;
  readonly body: string;
  readonly headers?: readonly string[];
  /** The reason phrase, for clients that print it. Default: the phrase of the status. */
  readonly phrase?: string | undefined;
}

export type RefusalCategory = 'unavailable' | 'throttled' | 'operation' | 'body' | 'credential';

/**
 * Derived from the status in the reason table. Only `credential` depends on the credential: endpoints send one
 * message for all its reasons, so that a caller learns nothing about tokens, identities or names.
 */
export function refusalCategory({ reason }: Refusal): RefusalCategory {
  if (reason === 'operation_unknown') return 'operation';
  switch (REASONS[reason].status) {
    case 503:
      return 'unavailable';
    case 429:
      return 'throttled';
    case 408:
    case 413:
      return 'body';
    default:
      return 'credential';
  }
}

/** The mistake in the text of the credential, or the one message for refused credentials of an endpoint. */
export function credentialMessage(refusal: Refusal, general: string): string {
  return refusal.kind === 'deny' ? (refusal.mistake ?? general) : general;
}

export function jsonResponse(contentType: string, value: unknown, cache?: string): EndpointResponse {
  const response = { kind: 'response', contentType, body: JSON.stringify(value) } as const;
  return cache === undefined ? response : { ...response, cache };
}

export function refuseWith(
  refusal: Refusal,
  status: number,
  code: ClientError['code'],
  message: string,
): EndpointRefusal {
  return { kind: 'refused', refusal, clientError: { status, code, message } };
}

/** The request does not follow the endpoint's standard. The message may describe the error: it concerns no credential. */
export function badRequest(code: ClientError['code'], message: string, status = 400): EndpointRefusal {
  return refuseWith(deny('request_malformed', message), status, code, message);
}
