import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import type { Protocol } from '../../core/request/protocol.ts';
import { refusalMessage } from '../../core/refusal-messages.ts';
import { REASONS } from '../../core/reasons.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import {
  jsonResponse,
  type EndpointOutcome,
  type EndpointRefusal,
  type ErrorFormat,
} from '../endpoint/outcome.ts';
import { readGetRequest, readPostRequest, type RegistryTokenRequest } from './token-request.ts';
import {
  issueRegistryToken,
  scopeText,
  type RegistrySite,
  type RegistryTokenPorts,
} from './issue-registry-token.ts';

export type { RegistrySite } from './issue-registry-token.ts';

/** `GET` and `POST /token` of one host: registry clients obtain a token here before other requests. */
export function createRegistryTokenEndpoint(
  site: RegistrySite,
  protocol: Pick<Protocol, 'refusal'>,
  ports: RegistryTokenPorts & { readonly log: Log },
): Handle {
  async function issue(
    call: EndpointCall,
    request: RegistryTokenRequest | EndpointRefusal,
  ): Promise<EndpointOutcome> {
    if (request.kind === 'refused') return request;
    const result = await issueRegistryToken(site, request, call, ports);
    if (result.kind !== 'issued') return result;
    const { token, expiresIn, access } = result;
    const scope = scopeText(access);
    // GET clients read `token`, POST clients `access_token`. No issued_at: clients would compare it with their clock.
    const body = { token, access_token: token, expires_in: expiresIn, ...(scope === '' ? {} : { scope }) };
    return jsonResponse('application/json', body);
  }

  return createBuiltInEndpoint(
    {
      GET: (call) => issue(call, readGetRequest(call.head)),
      POST: (call, body) => issue(call, readPostRequest(call.head, body)),
    },
    errorFormatOf(protocol),
    ports.log,
  );
}

function errorFormatOf(protocol: Pick<Protocol, 'refusal'>): ErrorFormat {
  return {
    toClientError(refusal) {
      const { reason } = refusal;
      const { status } = REASONS[reason];
      const message = refusalMessage(refusal);
      // A 401, so that "docker login" fails for a valid credential that no identity matches.
      return { status: status === 403 ? 401 : status, code: reason, message };
    },
    write({ status, code, message, hint }, { incoming, head }) {
      const refusal = {
        status,
        error: String(code),
        message,
        hint,
        requestId: incoming.requestId,
        operations: [],
        head,
      };
      const { contentType, body, headers = [], phrase } = protocol.refusal(refusal, undefined);
      const challenge = status === 401 ? ['WWW-Authenticate', `Basic realm="${head.host}"`] : [];
      return { contentType, body, headers: [...headers, ...challenge], phrase };
    },
  };
}
