import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deny, unable, type Deny, type Refusal } from '../../core/decision.ts';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { handleWith, readBody, send, type Env } from './hono-app.ts';

const MAX_BODY = 64 * 1024;

export interface EndpointResponse {
  readonly kind: 'answer';
  readonly contentType: string;
  readonly body: string;
  /** A `Cache-Control` value. Default: no-store. */
  readonly cache?: string;
}

/** A refusal for the audit trail, with other words for the client than its reason's. */
export interface EndpointRefusal {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly clientError: ClientError;
}

/** What a client reads of a refusal. */
export interface ClientError {
  readonly status: number;
  /** Of the endpoint's standard. */
  readonly code: string | number;
  readonly message: string;
}

/** How the standard of an endpoint says no. */
export interface ErrorFormat {
  /** The words for a refusal that brings none of its own. */
  toClientError(refusal: Refusal): ClientError;
  /** Name, value, name, value … in `headers`, beside those that every refusal has. */
  write(
    clientError: ClientError,
    call: EndpointCall,
  ): { readonly contentType: string; readonly body: string; readonly headers?: readonly string[] };
}

export type Work = (
  call: EndpointCall,
  body: string,
) => Promise<EndpointResponse | EndpointRefusal | Refusal>;

/** One of the gateway's own endpoints: methods, the bounded body, refusals, and what the audit trail is told of it. */
export function createBuiltInEndpoint(
  methods: { readonly GET?: Work; readonly POST?: Work },
  errorFormat: ErrorFormat,
  log: Log,
): Handle {
  const app = new Hono<Env>();

  async function settle(context: Context<Env>, work: Work, body: string): Promise<Response> {
    const outcome = await work(context.env.call, body).catch(undecided);
    if (outcome.kind !== 'answer') return refuse(context, outcome);
    return send(context, 200, outcome.contentType, outcome.body, outcome.cache);
  }

  /** An exception is no decision (threats K8). */
  function undecided(error: unknown): Refusal {
    if (error instanceof GatehouseError && error.code === 'store_unavailable') {
      return unable('store_unavailable', error.message);
    }
    log.error('request to an own endpoint not decided', {
      error: error instanceof Error ? error.name : 'unknown',
    });
    return unable('internal_error', 'an exception at an endpoint of the gateway’s own');
  }

  function refuse(context: Context<Env>, outcome: EndpointRefusal | Refusal): Response {
    const { call } = context.env;
    const refusal = outcome.kind === 'refused' ? outcome.refusal : outcome;
    call.decision = refusal;
    call.reason = refusal.reason;
    call.detail = refusal.detail;
    const clientError = outcome.kind === 'refused' ? outcome.clientError : errorFormat.toClientError(refusal);
    const { contentType, body, headers = [] } = errorFormat.write(clientError, call);
    for (let i = 0; i < headers.length; i += 2) context.header(headers[i] ?? '', headers[i + 1] ?? '');
    if (refusal.retryAfter !== undefined) context.header('Retry-After', String(refusal.retryAfter));
    return send(context, clientError.status, contentType, body);
  }

  /** The rest of the body is not read, so nothing can follow it on this connection. */
  function cut(context: Context<Env>, refusal: Deny): Response {
    context.header('Connection', 'close');
    return refuse(context, refusal);
  }

  const { GET, POST } = methods;
  if (GET !== undefined) app.get('*', (context) => settle(context, GET, ''));
  if (POST !== undefined) {
    const tooLarge = (context: Context<Env>): Response => cut(context, deny('body_too_large', 'over 64 KiB'));
    app.post('*', bodyLimit({ maxSize: MAX_BODY, onError: tooLarge }), async (context) => {
      const body = await readBody(context);
      return body === undefined
        ? cut(context, deny('body_timeout', 'its body took over 10 s'))
        : settle(context, POST, body);
    });
  }
  app.all('*', (context) => {
    const allowed = Object.keys(methods).join(', ');
    context.header('Allow', allowed);
    const message = `Use ${allowed.replace(', ', ' or ')}.`;
    const clientError = { ...errorFormat.toClientError(deny('operation_unknown', '')), status: 405, message };
    return refuse(context, { kind: 'refused', refusal: deny('operation_unknown', message), clientError });
  });
  app.onError((error, context) => refuse(context, undecided(error)));

  return handleWith(app);
}

export function jsonResponse(contentType: string, value: unknown, cache?: string): EndpointResponse {
  const text = { kind: 'answer', contentType, body: JSON.stringify(value) } as const;
  return cache === undefined ? text : { ...text, cache };
}

/** The request is not one that the endpoint's standard has; it may be told what is wrong. */
export function badRequest(code: ClientError['code'], message: string, status = 400): EndpointRefusal {
  return {
    kind: 'refused',
    refusal: deny('request_malformed', message),
    clientError: { status, code, message },
  };
}
