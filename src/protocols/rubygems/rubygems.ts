import type { Classification, Protocol } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { decodedParameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';
import { bodyOnRead } from '../shared/body-on-read.ts';
import { quotedString } from '../shared/challenge.ts';
import {
  anyPackage,
  eachPackage,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';
import { phraseRefusal } from '../shared/refusal.ts';
import { gemName, gemsOfFile } from './names.ts';
import { gemPush } from './push.ts';
import { yank } from './yank.ts';

/** The start page, by which `gem sources` tests a server, and index files that list all gems. */
const INDEX = /^(?:versions|names|(?:latest_|prerelease_)?specs\.4\.8(?:\.gz)?)?$/;

const INFO = /^info\/([^/]+)$/;
const FILE = /^(?:gems\/(.+)\.gem|quick\/Marshal\.4\.8\/(.+)\.gemspec\.rz)$/;
const OWNERS = /^api\/v1\/gems\/([^/]+)\/owners(?:\.(?:yaml|json))?$/;
const DEPENDENCIES = /^api\/v1\/dependencies(?:\.json)?$/;
const SEARCH = /^api\/v1\/search\.(?:json|yaml)$/;

/**
 * A server of Ruby gems, for gem and bundler (guides.rubygems.org, "Compact Index API", "RubyGems.org API"). Clients
 * find files below the configured URL, and index files are listed by checksum, so no response is rewritten.
 */
export function rubygemsProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    if (isRead(head.method) && head.hasBody) return bodyOnRead();
    const rest = head.path.slice(settings.path.length);
    const [, owned] = OWNERS.exec(rest) ?? [];
    if (owned !== undefined) return owners(head.method, owned);
    return isRead(head.method) ? read(rest, head.query) : change(rest, head);
  }

  return {
    // gem sends its API key unchanged, and Basic from the URL of a source.
    credentialSources: ['basic', 'raw-authorization', 'bearer'],
    credentialQueryParameters: [],
    classify,
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: phraseRefusal,
  };
}

function read(rest: string, query: string): Classification {
  if (INDEX.test(rest)) return anyPackage();
  const [, info] = INFO.exec(rest) ?? [];
  if (info !== undefined) return named(READ_PACKAGES, info);
  const [, gem, specification] = FILE.exec(rest) ?? [];
  const stem = gem ?? specification;
  if (stem !== undefined) {
    const names = gemsOfFile(stem);
    return names.length === 0
      ? unknownOperation('a file without name and version of a gem')
      : eachPackage(READ_PACKAGES, names);
  }
  if (DEPENDENCIES.test(rest)) return dependencies(query);
  return SEARCH.test(rest) ? everyPackage() : unknownOperation('not a route of a gem server');
}

/** bundler requests the dependencies of several gems (Bundler::Fetcher::Dependency), or none to test the server. */
function dependencies(query: string): Classification {
  const [part, ...others] = queryParts(query);
  if (part === undefined) return anyPackage();
  if (others.length > 0 || decodedParameterName(part.text) !== 'gems') return everyPackage();
  const names = parameterValue(part.text)?.split(',').map(gemName) ?? [];
  const valid = names.filter((name) => name !== undefined);
  return valid.length === 0 || valid.length < names.length
    ? everyPackage()
    : eachPackage(READ_PACKAGES, [...new Set(valid)]);
}

function change(rest: string, head: RequestHead): Classification {
  const { method } = head;
  if (/^api\/v1\/gems\/?$/.test(rest) && method === 'POST') return gemPush(head);
  if (rest === 'api/v1/gems/yank' && method === 'DELETE') return yank(head);
  return unknownOperation(`${method} on a route of a gem server that does not have it`);
}

function owners(method: string, name: string): Classification {
  if (isRead(method)) return named(READ_PACKAGES, name);
  return ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)
    ? named(WRITE_PACKAGES, name)
    : unknownOperation(`${method} on owners`);
}

function named(scope: string, text: string): Classification {
  const name = gemName(text);
  return name === undefined ? unknownOperation('not a valid gem name') : onePackage(scope, name);
}
