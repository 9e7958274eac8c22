import { deny } from '../../core/decision.ts';
import type { BodyWatch, Classification, InvalidBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { onePackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { JsonScanner, type JsonValue } from './json-scanner.ts';

/**
 * Member names that registries read a package's name from. Go's encoding/json, which Gitea uses, ignores case
 * by simple case folding, as the flags `iu` do.
 */
const NAME_OR_ID = /^(?:name|_id)$/iu;
const NAME = /^name$/iu;
const VERSIONS = /^versions$/iu;

/** The longest escape of one character, `\u0040`. */
const ESCAPE_LENGTH = 6;

/**
 * A change whose body is the package's document (publish, deprecate, unpublish of a version) or a tag's
 * version. Gitea and Forgejo take the package from the document and not from the path, so both must agree.
 * The check runs on every such request, with any grant.
 */
export function packageChange(name: string, body: 'document' | 'tag', head: RequestHead): Classification {
  const obstacle = findEncoding(head.rawHeaders);
  if (obstacle !== undefined) return deny('request_malformed', obstacle);
  return onePackage(WRITE_PACKAGES, name, { watch: () => watchDocument(name, body) });
}

/** Express decodes a body according to these headers before parsing, Gitea does not. */
function findEncoding(rawHeaders: readonly string[]): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = foldHeaderName(rawHeaders[i] ?? '');
    const value = rawHeaders[i + 1] ?? '';
    if (header === 'content-encoding') return 'a publication with a Content-Encoding';
    const charsets = header === 'content-type' ? (value.match(/charset/gi)?.length ?? 0) : 0;
    if (charsets > 1 || (charsets === 1 && !/;\s*charset="?utf-8"?\s*$/i.test(value)))
      return 'a publication with a charset other than UTF-8';
  }
  return undefined;
}

function watchDocument(name: string, body: 'document' | 'tag'): BodyWatch {
  function check(path: readonly (string | undefined)[], value: JsonValue): InvalidBody | undefined {
    const [first = '', , third = ''] = path;
    switch (path.length) {
      case 0:
        if (value.kind === 'object' || (body === 'tag' && value.kind === 'string')) return undefined;
        return invalid(`a publication that is not an object but ${value.kind}`);
      case 1:
        if (NAME_OR_ID.test(first)) return checkName(first, value);
        return VERSIONS.test(first) && value.kind !== 'object'
          ? invalid('versions that are not an object')
          : undefined;
      case 2:
        return VERSIONS.test(first) && value.kind !== 'object'
          ? invalid('a version that is not an object')
          : undefined;
      case 3:
        return VERSIONS.test(first) && NAME.test(third) ? checkName('versions.*.name', value) : undefined;
      default:
        return undefined;
    }
  }

  function checkName(member: string, value: JsonValue): InvalidBody | undefined {
    if (value.kind === 'string' && value.text === name) return undefined;
    const found = value.kind === 'string' ? JSON.stringify(value.text?.slice(0, 214)) : value.kind;
    return invalid(`the path names ${name}, the body's ${member} is ${found ?? 'longer'}`);
  }

  const longest = Math.max(name.length, 'versions'.length) * ESCAPE_LENGTH;
  const scanner = new JsonScanner(longest, check);
  return (chunk) => {
    const found = scanner.write(chunk);
    return found === undefined ? undefined : invalid(`publication: ${found.detail}`);
  };
}

function invalid(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}
