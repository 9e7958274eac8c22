import { Hono } from 'hono';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { unable, type Refusal } from '../contract/decision.ts';
import { GatehouseError } from '../contract/errors.ts';
import type { Handle } from '../contract/endpoint.ts';
import type { Log } from '../contract/ports.ts';
import type { Protocol } from '../contract/protocol.ts';
import { REASONS } from '../contract/reason.ts';
import { handleWith, readBody, send, type Env } from './own-app.ts';
import { readGetRequest, readPostRequest } from './registry-token-request.ts';
import type { BadTokenRequest, RegistryTokenRequest } from './registry-token-request.ts';
import { issueRegistryToken, scopeText } from './registry-token.ts';
import type { RegistrySite, RegistryTokenPorts } from './registry-token.ts';

export type { RegistrySite } from './registry-token.ts';

const MAX_BODY = 64 * 1024;

/** `GET` and `POST /token` of one host: what clients of registries call before everything else. */
export function createRegistryTokenEndpoint(
  site: RegistrySite,
  form: Pick<Protocol, 'refusal'>,
  ports: RegistryTokenPorts & { readonly log: Log },
): Handle {
  const app = new Hono<Env>();

  async function answer(
    context: Context<Env>,
    request: RegistryTokenRequest | BadTokenRequest,
  ): Promise<Response> {
    const { call } = context.env;
    if (request.kind === 'bad') {
      call.reason = 'request_malformed';
      call.detail = request.message;
      return refused(context, request.status, 'request_malformed', request.message);
    }
    const result = await issueRegistryToken(site, request, call, ports).catch(undecided);
    if (result.kind !== 'issued') return refuse(context, result);
    const { token, expiresIn, access } = result;
    const scope = scopeText(access);
    // Both names: who asks by POST reads one, who asks by GET the other. No issued_at: clients would compare clocks.
    const body = { token, access_token: token, expires_in: expiresIn, ...(scope === '' ? {} : { scope }) };
    return send(context, 200, 'application/json', JSON.stringify(body));
  }

  function undecided(error: unknown): Refusal {
    if (error instanceof GatehouseError && error.code === 'store_unavailable') {
      return unable('store_unavailable', error.message);
    }
    ports.log.error('token request not decided', { error: error instanceof Error ? error.name : 'unknown' });
    return unable('internal_error', 'an exception at the token endpoint');
  }

  function refuse(context: Context<Env>, refusal: Refusal): Response {
    const { call } = context.env;
    call.decision = refusal;
    call.reason = refusal.reason;
    call.detail = refusal.detail;
    const { status, message } = REASONS[refusal.reason];
    if (refusal.retryAfter !== undefined) context.header('Retry-After', String(refusal.retryAfter));
    // Where somebody logs in is where they must see that policy does not know them.
    return refused(context, status === 403 ? 401 : status, refusal.reason, message);
  }

  function refused(context: Context<Env>, status: number, error: string, message: string): Response {
    const { incoming, head } = context.env.call;
    const text = { status, error, message, requestId: incoming.requestId, operations: [], head };
    const { contentType, body, headers = [] } = form.refusal(text, undefined);
    for (let i = 0; i < headers.length; i += 2) context.header(headers[i] ?? '', headers[i + 1] ?? '');
    if (status === 401) context.header('WWW-Authenticate', `Basic realm="${head.host}"`);
    return send(context, status, contentType, body);
  }

  app.get('/token', (context) => answer(context, readGetRequest(context.env.call.head)));
  app.post(
    '/token',
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (context: Context<Env>) => {
        context.header('Connection', 'close');
        return refuse(context, { kind: 'deny', reason: 'body_too_large', detail: 'over 64 KiB' });
      },
    }),
    async (context) => {
      const body = await readBody(context);
      return body === undefined
        ? refuse(context, { kind: 'deny', reason: 'body_timeout', detail: 'its body took over 10 s' })
        : answer(context, readPostRequest(context.env.call.head, body));
    },
  );
  app.all('/token', (context) => {
    context.header('Allow', 'GET, POST');
    context.env.call.reason = 'operation_unknown';
    return refused(context, 405, 'operation_unknown', 'Use GET or POST.');
  });
  app.onError((error, context) => refuse(context, undecided(error)));

  return handleWith(app);
}
