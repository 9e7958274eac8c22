import { withHint } from '../../core/credential-hint.ts';
import type { PresentedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { hasMediaType } from '../endpoint/media-type.ts';
import { badRequest, jsonResponse, type ErrorFormat } from '../endpoint/outcome.ts';
import {
  issueForPublishing,
  publishingResponse,
  REFUSED,
  type PublishingPorts,
  type PublishingSite,
} from './issue-for-publishing.ts';
import { publishingError } from './error-message.ts';

/** At the root of the host (twine auth.py, uv-publish trusted_publishing.rs). */
export const PYPI_AUDIENCE_PATH = '/_/oidc/audience';
export const PYPI_MINT_PATH = '/_/oidc/mint-token';

export interface PypiPublishingPorts extends PublishingPorts {
  readonly present: (token: string) => PresentedCredential | Deny;
}

/** twine and uv first request the `aud` that the ID token of the CI job must have. */
export function createPypiAudience(audience: string, { log }: Pick<PublishingPorts, 'log'>): Handle {
  return createBuiltInEndpoint(
    {
      async GET(call) {
        call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
        call.reason = 'anonymous';
        return jsonResponse('application/json', { audience });
      },
    },
    ERROR_FORMAT,
    log,
  );
}

/** Exchanges `{"token": ID token}` for `{"token"}`, the password of the user `__token__`. */
export function createPypiPublishing(site: PublishingSite, ports: PypiPublishingPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        if (!hasMediaType(call.head, 'application/json')) {
          return badRequest('invalid-payload', 'Send the body as application/json.', 415);
        }
        const parsed = parseJsonObject(Buffer.from(body, 'utf8'));
        if (parsed.kind === 'invalid')
          return badRequest('invalid-payload', `The body ${parsed.detail}.`, 422);
        const { token } = parsed.value;
        if (typeof token !== 'string' || token === '') {
          return badRequest('invalid-payload', '"token" must be the ID token of the CI job.', 422);
        }
        const presented = ports.present(token);
        return publishingResponse(await issueForPublishing(call, site, presented, undefined, ports));
      },
    },
    ERROR_FORMAT,
    ports.log,
  );
}

/** The error format of the public Python index: clients print the code and description of each error. */
const ERROR_FORMAT: ErrorFormat = {
  toClientError: (refusal) =>
    publishingError(refusal, { status: 422, code: 'invalid-token', message: REFUSED }),
  write({ code, ...text }, { incoming }) {
    const description = `${withHint(text)} (request id ${incoming.requestId})`;
    const body = { message: 'Token request failed', errors: [{ code: String(code), description }] };
    return { contentType: 'application/json', body: JSON.stringify(body) };
  },
};
