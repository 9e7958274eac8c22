import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { quotedString } from './shared/challenge.ts';
import {
  anyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from './shared/package-operations.ts';
import { textRefusal } from './shared/refusal.ts';

/** A proxy of Go modules (go.dev/ref/mod#goproxy-protocol), or a tree of files in that form. */
export function goProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const rest = path.slice(settings.path.length);
    // What `go` escapes needs none in a path, so that the one path is the one spelling.
    if (rest.includes('%')) return unknownOperation('an escape that is in no module path');
    if (rest.startsWith('sumdb/'))
      return isRead(method) ? checksum(rest) : unknownOperation(`${method} on a sumdb`);
    const [, escaped = ''] = FILE.exec(rest) ?? [];
    const module = modulePath(escaped);
    if (module === undefined) return unknownOperation('no file of a module');
    if (isRead(method)) return onePackage(READ_PACKAGES, module);
    return CHANGES.has(method)
      ? onePackage(WRITE_PACKAGES, module)
      : unknownOperation(`${method} on a module`);
  }

  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    classify,
    // `go` sends what .netrc has at once; a program named in GOAUTH is asked once more, and handed this.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    // `go` prints up to eight lines of plain text.
    refusal: textRefusal,
  };
}

/** `MODULE/@latest`, `MODULE/@v/list`, `MODULE/@v/VERSION.info` and so on. */
const FILE = /^(.+)\/(?:@latest|@v\/(?:list|[a-z0-9!~._+-]+\.(?:info|mod|zip)))$/;

/** Of trees that are filled by upload; the protocol itself has none. */
const CHANGES: ReadonlySet<string> = new Set(['PUT', 'DELETE']);

/** A checksum database by way of the proxy (golang.org/design/25530-sumdb): a record is of one module, the rest of the log itself. */
function checksum(rest: string): Classification {
  const [, what = ''] = /^sumdb\/[a-z0-9.-]+\/(supported|latest|tile\/.+|lookup\/.+)$/.exec(rest) ?? [];
  if (what.startsWith('lookup/')) {
    const [, escaped = ''] = /^lookup\/([^@]+)@[a-z0-9!~._+-]+$/.exec(what) ?? [];
    const module = modulePath(escaped);
    return module === undefined
      ? unknownOperation('no module to look up')
      : onePackage(READ_PACKAGES, module);
  }
  return what === '' ? unknownOperation('no route of a checksum database') : anyPackage();
}

/** `!a` stands for `A` (golang.org/x/mod/module, "Escaped Paths"): the module path as go.mod has it, or undefined. */
function modulePath(escaped: string): string | undefined {
  if (/[A-Z]|!(?![a-z])/.test(escaped)) return undefined;
  const module = escaped.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return MODULE.test(module) ? module : undefined;
}

/** golang.org/x/mod/module CheckPath: the first part is a domain. */
const MODULE = /^(?=[^/]*\.)[a-z0-9][a-z0-9.-]*(?<!\.)(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?<!\.))*$/;
