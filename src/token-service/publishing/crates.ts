import { withHint } from '../../core/credential-hint.ts';
import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { jsonResponse, type EndpointResponse, type ErrorFormat } from '../endpoint/outcome.ts';
import { revokeHeldToken, type RevokeTokenPorts } from '../revoke-token.ts';
import { publishingError } from './error-message.ts';
import {
  issueForPublishing,
  REFUSED,
  type PublishingPorts,
  type PublishingSite,
} from './issue-for-publishing.ts';
import { readJwtBody } from './jwt-body.ts';

/** At the root of the host (crates.io src/router.rs, rust-lang/crates-io-auth-action). */
export const CRATES_TOKENS_PATH = '/api/v1/trusted_publishing/tokens';

export interface CratesPublishingPorts extends PublishingPorts, RevokeTokenPorts {
  readonly present: (token: string) => PresentedCredential | Deny;
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  /** Verifies minted tokens of any audience. */
  readonly verifyOwn: VerifyCredential;
}

const REVOKED: EndpointResponse = { kind: 'response', status: 204, contentType: 'text/plain', body: '' };

/** `POST` exchanges `{"jwt": ID token}` for `{"token"}`; `DELETE` with the token as Bearer token revokes it. */
export function createCratesPublishing(site: PublishingSite, ports: CratesPublishingPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const jwt = readJwtBody(call, body);
        if (typeof jwt !== 'string') return jwt;
        const issued = await issueForPublishing(call, site, ports.present(jwt), undefined, ports);
        return issued.kind === 'issued' ? jsonResponse('application/json', { token: issued.token }) : issued;
      },
      async DELETE(call) {
        const presented = ports.extract(call.head) ?? deny('no_credential', 'the revocation has no token');
        const verified = await authenticateCaller(call, presented, ports.verifyOwn);
        if ('kind' in verified) return verified;
        call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
        call.reason = 'anonymous';
        return (await revokeHeldToken(call, verified, ports)) ?? REVOKED;
      },
    },
    ERROR_FORMAT,
    ports.log,
  );
}

/** crates.io sends 400 for a refused ID token; cargo and the action print `detail`. */
const ERROR_FORMAT: ErrorFormat = {
  toClientError: (refusal) =>
    publishingError(refusal, { status: 400, code: 'invalid_token', message: REFUSED }),
  write(error, { incoming }) {
    const detail = `${withHint(error)} (request id ${incoming.requestId})`;
    return { contentType: 'application/json', body: JSON.stringify({ errors: [{ detail }] }) };
  },
};
