import { deny } from '../../core/decision.ts';
import type {
  Classification,
  Protocol,
  RefusalBody,
  RefusalText,
  RoutePlan,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import { nugetPush } from './push.ts';
import { SERVICE_INDEX } from './service-index.ts';
import { readNugetRoute } from './routes.ts';
import {
  anyPackage,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';
import { phraseRefusal } from '../shared/refusal.ts';

/** Registrations and search results contain URLs of packages and of further pages. */
const METADATA: RoutePlan = { rewrite: { kind: 'urls', types: ['application/json', 'application/ld+json'] } };

/** A NuGet feed: protocol version 3 and package publishing. OData feeds (version 2) are not supported. */
export function nugetProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    const { method, path } = head;
    const rest = path.slice(settings.path.length);
    const route = readNugetRoute(rest, isRead(method));
    // ASP.NET binds a form field `id` before the id in the path (Microsoft, "Model binding": form, route, query).
    if (head.hasBody && route.kind !== 'publish' && route.kind !== 'unknown')
      return deny('request_malformed', `a body on ${method} of a feed, which can name another package`);
    switch (route.kind) {
      case 'unknown':
        return route;
      case 'index':
        return anyPackage({ rewrite: SERVICE_INDEX });
      case 'metadata':
        return onePackage(READ_PACKAGES, route.id, METADATA);
      case 'content':
        return onePackage(READ_PACKAGES, route.id);
      case 'search':
        return everyPackage(READ_PACKAGES, METADATA);
      case 'symbols':
        return everyPackage();
      case 'publish':
        return method === 'PUT' ? nugetPush(head) : unknownOperation(`${method} on the publish endpoint`);
      // DELETE unlists a version, POST relists it.
      case 'version':
        return method === 'DELETE' || method === 'POST'
          ? onePackage(WRITE_PACKAGES, route.id)
          : unknownOperation(`${method} on a version`);
      default:
        return route satisfies never;
    }
  }

  return {
    credentialSources: ['basic', 'bearer', 'x-nuget-apikey'],
    credentialQueryParameters: [],
    classify,
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: nugetRefusal,
  };
}

/** NuGet prints the reason phrase as an error and this header as a warning. */
function nugetRefusal(text: RefusalText): RefusalBody {
  const refusal = phraseRefusal(text);
  return {
    ...refusal,
    headers: ['X-NuGet-Warning', `${refusal.phrase}, request id ${text.requestId}`],
  };
}
