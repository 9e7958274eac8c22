import type { PresentedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import { OAUTH_ERROR_FORMAT } from './error-format.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { badRequest, refusalCategory, type EndpointResponse } from '../endpoint/outcome.ts';
import { revokeHeldToken, type RevokeTokenPorts } from '../revoke-token.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import { readForm } from './token-request.ts';

export interface RevokePorts extends RevokeTokenPorts {
  readonly present: (token: string) => PresentedCredential | Deny;
  /** Verifies minted tokens of any audience. */
  readonly verifyCredential: VerifyCredential;
  readonly log: Log;
}

/** RFC 7009 §2.2: the same response for a token that is revoked now and for an unknown or invalid one. */
const DONE: EndpointResponse = { kind: 'response', contentType: 'text/plain; charset=utf-8', body: '' };

/** `POST /oauth/revoke`: a holder revokes a minted token. Other tokens are revoked on the admin listener. */
export function createRevokeEndpoint(ports: RevokePorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const parameters = readForm(call.head, body);
        if ('kind' in parameters) return parameters;
        const token = parameters.get('token') ?? '';
        if (token === '') return badRequest('invalid_request', 'Send the parameter token.');
        const presented = ports.present(token);
        call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
        call.reason = 'anonymous';
        call.detail = 'the token is not a valid token of this gateway';
        if ('kind' in presented || presented.class !== 'access_token') return DONE;
        const verified = await authenticateCaller(call, presented, ports.verifyCredential);
        if (!('kind' in verified)) return (await revokeHeldToken(call, verified, ports)) ?? DONE;
        const category = refusalCategory(verified);
        if (category === 'unavailable' || category === 'throttled') return verified;
        call.detail = verified.detail;
        return DONE;
      },
    },
    OAUTH_ERROR_FORMAT,
    ports.log,
  );
}
