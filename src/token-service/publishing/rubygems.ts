import type { PresentedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { jsonResponse } from '../endpoint/outcome.ts';
import { unauthorizedFormat } from './error-message.ts';
import { issueForPublishing, type PublishingPorts, type PublishingSite } from './issue-for-publishing.ts';
import { readJwtBody } from './jwt-body.ts';

/** At the root of the host (rubygems/configure-rubygems-credentials, input `gem-server`). */
export const RUBYGEMS_EXCHANGE_PATH = '/api/v1/oidc/trusted_publisher/exchange_token';

export interface RubygemsPublishingPorts extends PublishingPorts {
  readonly present: (token: string) => PresentedCredential | Deny;
}

/** Exchanges `{"jwt": ID token}` for an API key, which gem sends as `Authorization: KEY`. */
export function createRubygemsPublishing(site: PublishingSite, ports: RubygemsPublishingPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const jwt = readJwtBody(call, body);
        if (typeof jwt !== 'string') return jwt;
        const issued = await issueForPublishing(call, site, ports.present(jwt), undefined, ports);
        if (issued.kind !== 'issued') return issued;
        const key = {
          rubygems_api_key: issued.token,
          name: site.audience,
          scopes: ['push_rubygem'],
          expires_at: new Date(issued.expires * 1000).toISOString(),
        };
        return { ...jsonResponse('application/json', key), status: 201 };
      },
    },
    ERROR_FORMAT,
    ports.log,
  );
}

/** The action prints the status and the body. */
const ERROR_FORMAT = unauthorizedFormat((text) => ({ error: text }));
