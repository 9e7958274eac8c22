import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { Handle } from '../../core/request/endpoint.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { badRequest } from '../endpoint/outcome.ts';
import {
  issueForPublishing,
  publishingResponse,
  type PublishingPorts,
  type PublishingSite,
} from './issue-for-publishing.ts';
import { unauthorizedFormat } from './error-message.ts';

/** At the root of the host, independent of the registry's path (npm lib/utils/oidc.js). */
export const NPM_EXCHANGE_PATH = '/-/npm/v1/oidc/token/exchange/package/';

export interface NpmPublishingPorts extends PublishingPorts {
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  /** Parses a package name from a path; undefined if it is invalid. */
  readonly packageName: (text: string) => string | undefined;
}

/** npm, pnpm and yarn call this before publishing: `POST …/package/@acme%2fui` with the ID token as Bearer token. */
export function createNpmPublishing(site: PublishingSite, ports: NpmPublishingPorts): Handle {
  return createBuiltInEndpoint(
    {
      async POST(call) {
        const name = ports.packageName(call.head.path.slice(NPM_EXCHANGE_PATH.length));
        if (name === undefined)
          return badRequest('request_malformed', 'The path does not contain a valid package name.');
        const presented =
          ports.extract(call.head) ?? deny('no_credential', 'the token exchange has no ID token');
        return publishingResponse(await issueForPublishing(call, site, presented, name, ports));
      },
    },
    ERROR_FORMAT,
    ports.log,
  );
}

/** npm logs `message`; other clients print `error`. */
const ERROR_FORMAT = unauthorizedFormat((text) => ({ message: text, error: text }));
