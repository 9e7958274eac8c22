import type { Classification, Protocol, UnnamedResource } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { quotedString } from './shared/challenge.ts';
import {
  anyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
  unnamedPackage,
} from './shared/package-operations.ts';
import { textRefusal } from './shared/refusal.ts';

const NAMED_IN_ZIP: UnnamedResource = {
  detail: 'the body of an upload names the module, and the gateway does not read it',
};

/** A Go module proxy (go.dev/ref/mod#goproxy-protocol), or a file tree with the same layout. */
export function goProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const rest = path.slice(settings.path.length);
    // Paths as `go` writes them need no percent-encoding, so each module has exactly one path.
    if (rest.includes('%')) return unknownOperation('a percent-encoded module path');
    if (rest.startsWith('sumdb/'))
      return isRead(method) ? checksum(rest) : unknownOperation(`${method} on a checksum database`);
    // Gitea and Forgejo take the module from the uploaded zip file (routers/api/packages/goproxy).
    if (rest === 'upload')
      return method === 'PUT' ? unnamedPackage(NAMED_IN_ZIP) : unknownOperation(`${method} on uploads`);
    const [, escaped = ''] = FILE.exec(rest) ?? [];
    const module = modulePath(escaped);
    if (module === undefined) return unknownOperation('not a file of a module');
    if (isRead(method)) return onePackage(READ_PACKAGES, module);
    return CHANGES.has(method)
      ? onePackage(WRITE_PACKAGES, module)
      : unknownOperation(`${method} on a module`);
  }

  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    classify,
    // `go` sends .netrc credentials preemptively; a GOAUTH command runs again with this challenge as input.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    // `go` prints up to eight lines of plain text.
    refusal: textRefusal,
  };
}

/** `MODULE/@latest`, `MODULE/@v/list`, `MODULE/@v/VERSION.info` and so on. */
const FILE = /^(.+)\/(?:@latest|@v\/(?:list|[a-z0-9!~._+-]+\.(?:info|mod|zip)))$/;

/** Writes to file trees that accept uploads; the GOPROXY protocol defines none. */
const CHANGES: ReadonlySet<string> = new Set(['PUT', 'DELETE']);

/**
 * A checksum database through the proxy (golang.org/design/25530-sumdb). A lookup names one module; the other
 * routes belong to the log itself.
 */
function checksum(rest: string): Classification {
  const [, route = ''] = /^sumdb\/[a-z0-9.-]+\/(supported|latest|tile\/.+|lookup\/.+)$/.exec(rest) ?? [];
  if (route.startsWith('lookup/')) {
    const [, escaped = ''] = /^lookup\/([^@]+)@[a-z0-9!~._+-]+$/.exec(route) ?? [];
    const module = modulePath(escaped);
    return module === undefined
      ? unknownOperation('a lookup without a module path')
      : onePackage(READ_PACKAGES, module);
  }
  return route === '' ? unknownOperation('not a route of a checksum database') : anyPackage();
}

/** Decodes `!a` to `A` (golang.org/x/mod/module, "Escaped Paths"). Undefined if it is not a module path. */
function modulePath(escaped: string): string | undefined {
  if (/[A-Z]|!(?![a-z])/.test(escaped)) return undefined;
  const module = escaped.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return MODULE.test(module) ? module : undefined;
}

/** golang.org/x/mod/module, CheckPath: the first segment is a domain. */
const MODULE = /^(?=[^/]*\.)[a-z0-9][a-z0-9.-]*(?<!\.)(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?<!\.))*$/;
