import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { hasMediaType } from '../endpoint/media-type.ts';
import { badRequest, jsonResponse } from '../endpoint/outcome.ts';
import { unauthorizedFormat } from './error-message.ts';
import { issueForPublishing, type PublishingPorts, type PublishingSite } from './issue-for-publishing.ts';

/** At the root of the host (NuGetGallery TokenApiController.cs; NuGet/login, input `token-service-url`). */
export const NUGET_TOKEN_PATH = '/api/v2/token';

export interface NugetPublishingPorts extends PublishingPorts {
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
}

/**
 * Exchanges the ID token in `Authorization: Bearer` for an API key, which NuGet sends as `X-NuGet-ApiKey`. The
 * `username` in the body has no meaning here: the identity is the one of the ID token.
 */
export function createNugetPublishing(site: PublishingSite, ports: NugetPublishingPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        if (!hasMediaType(call.head, 'application/json'))
          return badRequest('request_malformed', 'Send the body as application/json.', 415);
        const parsed = parseJsonObject(Buffer.from(body, 'utf8'));
        if (parsed.kind === 'invalid') return badRequest('request_malformed', `The body ${parsed.detail}.`);
        if (parsed.value['tokenType'] !== 'ApiKey')
          return badRequest('request_malformed', '"tokenType" must be "ApiKey".');
        const presented = ports.extract(call.head) ?? deny('no_credential', 'the exchange has no ID token');
        const issued = await issueForPublishing(call, site, presented, undefined, ports);
        if (issued.kind !== 'issued') return issued;
        const expires = new Date(issued.expires * 1000).toISOString();
        return jsonResponse('application/json', { tokenType: 'ApiKey', expires, apiKey: issued.token });
      },
    },
    ERROR_FORMAT,
    ports.log,
  );
}

/** The action prints `error`. */
const ERROR_FORMAT = unauthorizedFormat(
  (text) => ({ error: text }),
  ({ status }) => (status === 401 ? ['WWW-Authenticate', 'Bearer'] : []),
);
