import { withHint } from '../../core/credential-hint.ts';
import type { Classification, Protocol, RefusalText } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { CONFIG } from './config.ts';
import { crateOf, crateOfFile, isIndexOf } from './names.ts';
import { publish } from './publish.ts';
import { quotedString } from '../shared/challenge.ts';
import { isVersion } from '../shared/semantic-version.ts';
import {
  anyPackage,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';

/** Changes of one version: last path segment → method (Cargo book, "Web API"). */
const CHANGES: ReadonlyMap<string, string> = new Map([
  ['yank', 'DELETE'],
  ['unyank', 'PUT'],
]);

/**
 * A sparse Cargo registry: index, files and web API. `config.json` defines their locations, so paths are
 * parsed from the right.
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
    // Cargo sends the configured token unchanged, including a scheme such as `Bearer`.
    credentialSources: ['raw-authorization', 'bearer', 'basic'],
    credentialQueryParameters: [],
    classify,
    // No `login_url` parameter: there is no web page that issues tokens.
    challenge: ({ host }) => `Cargo realm=${quotedString(host)}`,
    refusal: cargoRefusal,
  };
}

/** `NAME-VERSION.crate` or `NAME/VERSION.crate`. A path by checksum does not show the crate. */
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
    return isRead(method) ? everyPackage() : unknownOperation(`${method} on search`);
  if (endsWith('api', 'v1', 'crates', 'new'))
    return method === 'PUT' ? publish(head) : unknownOperation(`${method} on the publish endpoint`);
  const [name = '', version = '', last = ''] = segments.slice(-3);
  if (endsWith('v1', 'crates', version, 'owners')) return owners(version, method);
  const crate = crateOf(name);
  if (crate === undefined || !isVersion(version)) return unknownOperation('not a route of a registry');
  // Cargo appends `NAME/VERSION/download` if `dl` is not a template.
  if (last === 'download')
    return isRead(method) ? onePackage(READ_PACKAGES, crate) : unknownOperation(`${method} on a file`);
  const known = endsWith('v1', 'crates', name, version, last) && CHANGES.get(last) === method;
  return known ? onePackage(WRITE_PACKAGES, crate) : unknownOperation(`${method} on a version`);
}

function owners(name: string, method: string): Classification {
  const crate = crateOf(name);
  if (crate === undefined) return unknownOperation('not a crate name');
  if (isRead(method)) return onePackage(READ_PACKAGES, crate);
  return method === 'PUT' || method === 'DELETE'
    ? onePackage(WRITE_PACKAGES, crate)
    : unknownOperation(`${method} on owners`);
}

/** Cargo prints `detail` of web API errors, and up to 512 characters of other bodies. */
function cargoRefusal(text: RefusalText) {
  const detail = `${withHint(text)} (${text.error}, request id ${text.requestId})`;
  return { contentType: 'application/json', body: `${JSON.stringify({ errors: [{ detail }] })}\n` };
}
