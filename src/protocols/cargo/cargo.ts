import type { Classification, Protocol, RefusalText } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { CONFIG } from './config.ts';
import { crateOf, crateOfFile, isIndexOf, isVersion } from './names.ts';
import { publish } from './publish.ts';
import { quotedString } from '../shared/challenge.ts';
import {
  anyPackage,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';

/** What is done to one version, by the last part of its path (Cargo book, "Web API"). */
const CHANGES: ReadonlyMap<string, string> = new Map([
  ['yank', 'DELETE'],
  ['unyank', 'PUT'],
]);

/**
 * A sparse registry of Cargo's: its index, its files, its web API. Where in the service each of them is, `config.json` tells, so
 * paths are read from the right.
 */
export function cargoProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    const { method, path } = head;
    const segments = path.slice(settings.path.length).split('/');
    const last = segments.at(-1) ?? '';
    const read = isRead(method);
    if (last === 'config.json')
      return read ? anyPackage({ rewrite: CONFIG }) : unknownOperation(`${method} on config.json`);
    if (last.endsWith('.crate')) return read ? file(segments) : unknownOperation(`${method} on a file`);
    const inIndex = crateOf(last);
    if (inIndex !== undefined && isIndexOf(segments, last))
      return read ? onePackage(READ_PACKAGES, inIndex) : unknownOperation(`${method} on the index`);
    return webApi(segments, head);
  }

  return {
    // Cargo sends its token as it is; what stands in front of it in a token's configuration, it sends along.
    credentialSources: ['raw-authorization', 'bearer', 'basic'],
    credentialQueryParameters: [],
    classify,
    // Its own parameter, `login_url`, leads to a page where a person gets a token; there is none.
    challenge: ({ host }) => `Cargo realm=${quotedString(host)}`,
    refusal: cargoRefusal,
  };
}

/** `NAME-VERSION.crate`, or `NAME/VERSION.crate`; where only a checksum tells, nobody can tell. */
function file(segments: readonly string[]): Classification {
  const stem = segments.at(-1)?.slice(0, -'.crate'.length) ?? '';
  const folder = crateOf(segments.at(-2) ?? '');
  const name = isVersion(stem) ? folder : crateOfFile(stem);
  return name === undefined ? everyPackage() : onePackage(READ_PACKAGES, name);
}

function webApi(segments: readonly string[], head: RequestHead): Classification {
  const { method } = head;
  const endsWith = (...parts: readonly string[]): boolean =>
    segments.slice(-parts.length).join('/') === parts.join('/');
  if (endsWith('api', 'v1', 'crates'))
    return isRead(method) ? everyPackage() : unknownOperation(`${method} on the search`);
  if (endsWith('api', 'v1', 'crates', 'new'))
    return method === 'PUT' ? publish(head) : unknownOperation(`${method} on the publication of a crate`);
  const [name = '', version = '', last = ''] = segments.slice(-3);
  if (endsWith('v1', 'crates', version, 'owners')) return owners(version, method);
  const crate = crateOf(name);
  if (crate === undefined || !isVersion(version)) return unknownOperation('no route of a registry');
  // Where `dl` is no template, this much of it is given.
  if (last === 'download')
    return isRead(method) ? onePackage(READ_PACKAGES, crate) : unknownOperation(`${method} on a file`);
  const known = endsWith('v1', 'crates', name, version, last) && CHANGES.get(last) === method;
  return known ? onePackage(WRITE_PACKAGES, crate) : unknownOperation(`${method} on a version`);
}

function owners(name: string, method: string): Classification {
  const crate = crateOf(name);
  if (crate === undefined) return unknownOperation('no name of a crate');
  if (isRead(method)) return onePackage(READ_PACKAGES, crate);
  return method === 'PUT' || method === 'DELETE'
    ? onePackage(WRITE_PACKAGES, crate)
    : unknownOperation(`${method} on owners`);
}

/** Cargo prints the detail for the web API, and up to 512 characters of the body for everything else. */
function cargoRefusal({ error, message, requestId }: RefusalText) {
  const detail = `${message} (${error}, request id ${requestId})`;
  return { contentType: 'application/json', body: `${JSON.stringify({ errors: [{ detail }] })}\n` };
}
