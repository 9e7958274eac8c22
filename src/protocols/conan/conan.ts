import type { Caller } from '../../core/decision.ts';
import type {
  BuiltInResponse,
  Classification,
  IssuedTokenPlan,
  Protocol,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import {
  anyCaller,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';
import { textRefusal } from '../shared/refusal.ts';
import { conanReference } from './names.ts';
import { referenceRoute } from './routes.ts';

/** Clients log in at `users/authenticate` of either version of the API. */
const LOGIN = /^v[12]\/users\/authenticate$/;

const RECIPES = 'v2/conans/';

/** Number of segments of NAME/VERSION/USER/CHANNEL. */
const REFERENCE_LENGTH = 4;

/** A remote of Conan 2, which has revisions. The API of Conan 1 returns URLs in its responses and is not available. */
export function conanProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    const { method } = head;
    const rest = head.path.slice(settings.path.length);
    const own = isRead(method) ? builtIn(rest) : undefined;
    if (own !== undefined) return own;
    if (rest === `${RECIPES}search`)
      return isRead(method) ? everyPackage() : unknownOperation(`${method} on search`);
    return rest.startsWith(RECIPES)
      ? recipe(rest.slice(RECIPES.length).split('/'), method)
      : unknownOperation('not a route of Conan 2');
  }

  return {
    // Basic for the login, Bearer with the token that it returns.
    credentialSources: ['bearer', 'basic'],
    credentialQueryParameters: [],
    issuesTokens: true,
    classify,
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    // Clients print the body of a 403.
    refusal: textRefusal,
  };
}

/** Routes without data of the upstream. A response of the upstream could be its token, or the name of the gateway's account. */
function builtIn(rest: string): Classification | undefined {
  if (LOGIN.test(rest)) return anyCaller({ issuedToken: LOGIN_TOKEN });
  if (rest === 'v2/users/check_credentials') return anyCaller({ builtInResponse: userName });
  if (rest === 'v1/ping') return { ...anyCaller({ builtInResponse: PING }), public: true };
  return undefined;
}

/**
 * The capabilities that clients need. With `checksum_deploy` they would send `X-Checksum-Deploy`, which copies content
 * that the caller may not read.
 */
const PING = text('', 'X-Conan-Server-Capabilities', 'revisions');

const LOGIN_TOKEN: IssuedTokenPlan = {
  scopes: [READ_PACKAGES, WRITE_PACKAGES],
  responseWith: (token) => text(token),
};

function userName(caller: Caller | undefined): BuiltInResponse {
  return text(caller?.identity ?? 'anonymous');
}

function text(body: string, ...headers: readonly string[]): BuiltInResponse {
  return {
    status: 200,
    headers: ['Content-Type', 'text/plain', 'Cache-Control', 'no-store', ...headers],
    body,
  };
}

/** `NAME/VERSION/USER/CHANNEL/…`. */
function recipe(segments: readonly string[], method: string): Classification {
  const reference = conanReference(segments.slice(0, REFERENCE_LENGTH));
  if (reference === undefined) return unknownOperation('not a reference NAME/VERSION/USER/CHANNEL');
  const route = referenceRoute(segments.slice(REFERENCE_LENGTH));
  if (route === undefined) return unknownOperation('not a route of Conan 2');
  if (isRead(method))
    return route.reads
      ? onePackage(READ_PACKAGES, reference)
      : unknownOperation(`${method} on a recipe or package`);
  return route.writes === method
    ? onePackage(WRITE_PACKAGES, reference)
    : unknownOperation(`${method} on a recipe or package`);
}
