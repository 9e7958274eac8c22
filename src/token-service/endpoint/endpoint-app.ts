import { Hono, type Context } from 'hono';
import { deny, unable, type Deny, type Refusal } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { handleWith, readBody, send, type Env } from './hono-app.ts';
import type { MethodHandler, MethodHandlers } from './method-handlers.ts';
import { refuseWith, type EndpointRefusal, type ErrorFormat } from './outcome.ts';

/** Method dispatch, a bounded request body, refusals in the endpoint's format, the audit record. */
export function createEndpointApp(handlers: MethodHandlers, errorFormat: ErrorFormat, log: Log): Handle {
  const { GET, POST, DELETE } = handlers;
  const app = new Hono<Env>();
  const refuse = createRefuse(errorFormat);

  async function run(context: Context<Env>, handler: MethodHandler, body: string): Promise<Response> {
    const outcome = await handler(context.env.call, body).catch((error: unknown) => onFault(error, log));
    if (outcome.kind !== 'response') return refuse(context, outcome);
    return send(context, outcome.status ?? 200, outcome.contentType, outcome.body, outcome.cache);
  }

  /** The rest of the body is not read, so the connection cannot be used for another request. */
  function refuseUnreadBody(context: Context<Env>, refusal: Deny): Response {
    context.header('Connection', 'close');
    return refuse(context, refusal);
  }

  async function runWithBody(context: Context<Env>, handler: MethodHandler): Promise<Response> {
    const read = await readBody(context);
    switch (read.kind) {
      case 'body':
        return run(context, handler, new TextDecoder().decode(read.bytes));
      case 'too-large':
        return refuseUnreadBody(context, deny('body_too_large', 'the request body is larger than 64 KiB'));
      case 'late':
        return refuseUnreadBody(context, deny('body_timeout', 'the request body did not arrive within 10 s'));
      case 'incomplete':
        return refuseUnreadBody(context, deny('request_malformed', 'the request body is incomplete'));
      default:
        return read satisfies never;
    }
  }

  if (GET !== undefined) app.get('*', (context) => run(context, GET, ''));
  if (POST !== undefined) app.post('*', (context) => runWithBody(context, POST));
  if (DELETE !== undefined) app.delete('*', (context) => run(context, DELETE, ''));
  const methods = Object.keys(handlers);
  app.all('*', (context) => {
    context.header('Allow', methods.join(', '));
    const denied = deny('operation_unknown', `Use ${methods.join(' or ')}.`);
    const { code } = errorFormat.toClientError(denied);
    return refuse(context, refuseWith(denied, 405, code, denied.detail));
  });
  app.onError((error, context) => refuse(context, onFault(error, log)));

  return handleWith(app);
}

/** Records the refusal for the audit event and writes it in the endpoint's error format. */
function createRefuse(errorFormat: ErrorFormat) {
  return function refuse(context: Context<Env>, outcome: EndpointRefusal | Refusal): Response {
    const { call } = context.env;
    const refusal = outcome.kind === 'refused' ? outcome.refusal : outcome;
    call.decision = refusal;
    call.reason = refusal.reason;
    call.detail = refusal.detail;
    const clientError = outcome.kind === 'refused' ? outcome.clientError : errorFormat.toClientError(refusal);
    const { status } = clientError;
    const hint = status === 401 || status === 403 ? call.credentialHint : undefined;
    const { contentType, body, headers = [], phrase } = errorFormat.write({ ...clientError, hint }, call);
    // The adapter of Hono writes the head without a reason phrase; Node then takes this one.
    if (phrase !== undefined) call.incoming.res.statusMessage = phrase;
    for (let i = 0; i < headers.length; i += 2) context.header(headers[i] ?? '', headers[i + 1] ?? '');
    if (refusal.retryAfter !== undefined) context.header('Retry-After', String(refusal.retryAfter));
    return send(context, status, contentType, body);
  };
}

/** An exception means "could not decide", never "denied" (threats K8). */
function onFault(error: unknown, log: Log): Refusal {
  if (error instanceof GatehouseError && error.code === 'store_unavailable') {
    return unable('store_unavailable', error.message);
  }
  log.error('built-in endpoint failed', { error: error instanceof Error ? error.name : 'unknown' });
  return unable('internal_error', 'exception in a built-in endpoint');
}
