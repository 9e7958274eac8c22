import type {
  Classification,
  Protocol,
  RefusalBody,
  RefusalText,
  RoutePlan,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
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

/** Registrations and results of a search: they say where packages are, and where more of themselves is. */
const METADATA: RoutePlan = { rewrite: { kind: 'urls', types: ['application/json', 'application/ld+json'] } };

/** A feed of NuGet packages, protocol version 3 and its way of publishing; the older OData feeds are none of its routes. */
export function nugetProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const rest = path.slice(settings.path.length);
    const route = readNugetRoute(rest, isRead(method));
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
      // Which package it is stands in a compressed file of the package itself, at no place that a prefix would show.
      case 'publish':
        return method === 'PUT'
          ? everyPackage(WRITE_PACKAGES)
          : unknownOperation(`${method} where packages are published`);
      // POST lists a version again that DELETE has unlisted.
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

/** NuGet prints the phrase with its error, and this header as a warning. */
function nugetRefusal(text: RefusalText): RefusalBody {
  const refusal = phraseRefusal(text);
  return {
    ...refusal,
    headers: ['X-NuGet-Warning', `${refusal.phrase}, request id ${text.requestId}`],
  };
}
