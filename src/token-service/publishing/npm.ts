import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { createBuiltInEndpoint, badRequest, type ErrorFormat } from '../endpoint/built-in-endpoint.ts';
import {
  issueForPublishing,
  REFUSED,
  type PublishingPorts,
  type PublishingSite,
} from './issue-for-publishing.ts';
import { publishingError } from './error-message.ts';

/** At the root of the host, wherever the registry is on it (npm lib/utils/oidc.js). */
export const NPM_EXCHANGE_PATH = '/-/npm/v1/oidc/token/exchange/package/';

export interface NpmPublishingPorts extends PublishingPorts {
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  /** The name of a package as it stands in a path; undefined for what is none. */
  readonly packageName: (text: string) => string | undefined;
}

/** What npm, pnpm and yarn call before they publish: `POST …/package/@acme%2fui` with the id token as bearer. */
export function createNpmPublishing(site: PublishingSite, ports: NpmPublishingPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call) {
        const name = ports.packageName(call.head.path.slice(NPM_EXCHANGE_PATH.length));
        if (name === undefined) return badRequest('request_malformed', 'This is no name of a package.');
        const presented = ports.extract(call.head) ?? deny('no_credential', 'an exchange of nothing');
        return issueForPublishing(call, site, presented, name, ports);
      },
    },
    ERROR_FORMAT,
    ports.log,
  );
}

const ERROR_FORMAT: ErrorFormat = {
  toClientError: (refusal) =>
    publishingError(refusal) ?? { status: 401, code: 'unauthorized', message: REFUSED },
  // Both names: npm logs `message`, others print `error`.
  write({ message }, { incoming }) {
    const text = `${message} (request id ${incoming.requestId})`;
    return { contentType: 'application/json', body: JSON.stringify({ message: text, error: text }) };
  },
};
