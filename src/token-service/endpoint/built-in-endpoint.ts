import { deny, unable, type Deny, type Refusal } from '../../core/decision.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import { readLimitedBody } from '../../util/http/limited-body.ts';
import type { MethodHandler, MethodHandlers } from './method-handlers.ts';
import { refuseWith, type EndpointOutcome, type EndpointRefusal, type ErrorFormat } from './outcome.ts';
import { sendResponse } from './send-response.ts';

const BODY_LIMITS = {
  maxBytes: 64 * 1024,
  /** The listener's body timeout covers forwarded requests only. */
  deadline: 10_000,
};

/** Method dispatch, a bounded request body, refusals in the endpoint's format, the audit record. */
export function createBuiltInEndpoint(handlers: MethodHandlers, errorFormat: ErrorFormat, log: Log): Handle {
  const methods = Object.keys(handlers);
  const notAllowed = deny('operation_unknown', `Use ${methods.join(' or ')}.`);

  async function outcomeOf(call: EndpointCall): Promise<EndpointOutcome> {
    const { req, res } = call.incoming;
    const handler = handlerOf(handlers, req.method);
    if (handler === undefined) {
      res.setHeader('allow', methods.join(', '));
      const { code } = errorFormat.toClientError(notAllowed);
      return refuseWith(notAllowed, 405, code, notAllowed.detail);
    }
    if (req.method !== 'POST') return handler(call, '');
    const body = await readBody(call);
    if (typeof body === 'string') return handler(call, body);
    // The rest of the body is not read, so the connection cannot be used for another request.
    res.setHeader('connection', 'close');
    return body;
  }

  return async function handle(call) {
    const outcome = await outcomeOf(call).catch((error: unknown) => onFault(error, log));
    if (outcome.kind === 'response') sendResponse(call, outcome);
    else sendEndpointRefusal(call, outcome, errorFormat);
  };
}

function handlerOf(
  { GET, POST, DELETE }: MethodHandlers,
  method: string | undefined,
): MethodHandler | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return GET;
    case 'POST':
      return POST;
    case 'DELETE':
      return DELETE;
    default:
      return undefined;
  }
}

async function readBody({ incoming }: EndpointCall): Promise<string | Deny> {
  const { req, res, expectsContinue } = incoming;
  const read = await readLimitedBody(req, BODY_LIMITS, () => {
    if (expectsContinue) res.writeContinue();
  });
  switch (read.kind) {
    case 'body':
      return new TextDecoder().decode(read.bytes);
    case 'too-large':
      return deny('body_too_large', 'the request body is larger than 64 KiB');
    case 'late':
      return deny('body_timeout', 'the request body did not arrive within 10 s');
    case 'incomplete':
      return deny('request_malformed', 'the request body is incomplete');
    default:
      return read satisfies never;
  }
}

/** Records the refusal for the audit event and sends it in the endpoint's error format. */
function sendEndpointRefusal(
  call: EndpointCall,
  outcome: EndpointRefusal | Refusal,
  errorFormat: ErrorFormat,
): void {
  const refusal = outcome.kind === 'refused' ? outcome.refusal : outcome;
  call.decision = refusal;
  call.reason = refusal.reason;
  call.detail = refusal.detail;
  const clientError = outcome.kind === 'refused' ? outcome.clientError : errorFormat.toClientError(refusal);
  const { status } = clientError;
  const hint = status === 401 || status === 403 ? call.credentialHint : undefined;
  const { contentType, body, headers = [], phrase } = errorFormat.write({ ...clientError, hint }, call);
  if (phrase !== undefined) call.incoming.res.statusMessage = phrase;
  const { retryAfter } = refusal;
  const retry = retryAfter === undefined ? [] : ['retry-after', String(retryAfter)];
  sendResponse(call, { status, contentType, body }, [...headers, ...retry]);
}

/** An exception means "could not decide", never "denied" (threats K8). */
function onFault(error: unknown, log: Log): Refusal {
  if (error instanceof GatehouseError && error.code === 'store_unavailable') {
    return unable('store_unavailable', error.message);
  }
  log.error('built-in endpoint failed', { error: error instanceof Error ? error.name : 'unknown' });
  return unable('internal_error', 'exception in a built-in endpoint');
}
