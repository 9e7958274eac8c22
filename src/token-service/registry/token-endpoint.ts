import type { Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { Protocol } from '../../core/request/protocol.ts';
import { REASONS } from '../../core/reasons.ts';
import {
  jsonResponse,
  createBuiltInEndpoint,
  badRequest,
  type EndpointResponse,
  type ErrorFormat,
  type EndpointRefusal,
} from '../endpoint/built-in-endpoint.ts';
import { readGetRequest, readPostRequest } from './token-request.ts';
import type { BadTokenRequest, RegistryTokenRequest } from './token-request.ts';
import { issueRegistryToken, scopeText } from './issue-registry-token.ts';
import type { RegistrySite, RegistryTokenPorts } from './issue-registry-token.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { Refusal } from '../../core/decision.ts';

export type { RegistrySite } from './issue-registry-token.ts';

/** `GET` and `POST /token` of one host: what clients of registries call before everything else. */
export function createRegistryTokenEndpoint(
  site: RegistrySite,
  form: Pick<Protocol, 'refusal'>,
  ports: RegistryTokenPorts & { readonly log: Log },
): Handle {
  async function issue(
    call: EndpointCall,
    request: RegistryTokenRequest | BadTokenRequest,
  ): Promise<EndpointResponse | EndpointRefusal | Refusal> {
    if (request.kind === 'bad') return badRequest('request_malformed', request.message, request.status);
    const result = await issueRegistryToken(site, request, call, ports);
    if (result.kind !== 'issued') return result;
    const { token, expiresIn, access } = result;
    const scope = scopeText(access);
    // Both names: who asks by POST reads one, who asks by GET the other. No issued_at: clients would compare clocks.
    const body = { token, access_token: token, expires_in: expiresIn, ...(scope === '' ? {} : { scope }) };
    return jsonResponse('application/json', body);
  }

  return createBuiltInEndpoint(
    {
      GET: (call) => issue(call, readGetRequest(call.head)),
      POST: (call, body) => issue(call, readPostRequest(call.head, body)),
    },
    errorFormatOf(form),
    ports.log,
  );
}

function errorFormatOf(form: Pick<Protocol, 'refusal'>): ErrorFormat {
  return {
    toClientError({ reason }) {
      const { status, message } = REASONS[reason];
      // Where somebody logs in is where they must see that policy does not know them.
      return { status: status === 403 ? 401 : status, code: reason, message };
    },
    write({ status, code, message }, { incoming, head }) {
      const text = {
        status,
        error: String(code),
        message,
        requestId: incoming.requestId,
        operations: [],
        head,
      };
      const { contentType, body, headers = [] } = form.refusal(text, undefined);
      const challenge = status === 401 ? ['WWW-Authenticate', `Basic realm="${head.host}"`] : [];
      return { contentType, body, headers: [...headers, ...challenge] };
    },
  };
}
