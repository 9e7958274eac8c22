import { withHint } from '../../core/credential-hint.ts';
import type { Caller } from '../../core/decision.ts';
import type { Classification, BuiltInResponse, Protocol, RefusalText } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import {
  anyPackage,
  anyCaller,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';
import { phraseOf } from '../shared/refusal.ts';
import { NPM_NAME } from './package-name.ts';
import { packageChange } from './publication.ts';

/** The slash after a scope, which npm encodes. The routes before a name are the same for both spellings. */
const SCOPE = /^((?:-\/package\/|-\/npm\/v1\/attestations\/)?@[^/%]+)%2f/i;

/** `npm audit` sends the names of installed packages and receives their advisories. */
const AUDIT_ROUTES: ReadonlySet<string> = new Set([
  '-/npm/v1/security/advisories/bulk',
  '-/npm/v1/security/audits',
  '-/npm/v1/security/audits/quick',
]);

/** Routes without package data: availability and signing keys. */
const REGISTRY_ROUTES: ReadonlySet<string> = new Set(['-/ping', '-/npm/v1/keys']);

/**
 * Metadata contains tarball URLs (`dist.tarball`). Signatures cover name, version and hash, not these URLs.
 */
const METADATA = {
  kind: 'urls',
  types: ['application/json', 'application/vnd.npm.install-v1+json'],
} as const;

/** An npm registry: CommonJS Compliant Package Registry, and further routes that npm, pnpm and yarn use. */
export function npmProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    const { method, path } = head;
    // `@scope%2fname` and `@scope/name` are the same package; npm sends the first form.
    const rest = path.slice(settings.path.length).replace(SCOPE, '$1/');
    if (/%2f/i.test(rest)) {
      return {
        kind: 'deny',
        reason: 'path_ambiguous',
        detail: 'an encoded slash that does not follow a scope',
      };
    }
    if (rest.includes('%')) return unknownOperation('percent-encoding in a package name');
    if (rest.startsWith('-/')) return special(rest, head);
    const [name, more] = splitName(rest);
    if (!NPM_NAME.test(name)) return unknownOperation('not a package name');
    if (isRead(method)) {
      if (isFileOf(name, more)) return onePackage(READ_PACKAGES, name);
      // The package document, or one version by number or tag.
      if (/^(?:[^/-][^/]*)?$/.test(more)) return onePackage(READ_PACKAGES, name, { rewrite: METADATA });
    }
    if (!isChange(method, name, more)) return unknownOperation(`${method} on a package`);
    return method === 'PUT' ? packageChange(name, 'document', head) : onePackage(WRITE_PACKAGES, name);
  }

  return {
    credentialSources: ['bearer', 'basic'],
    credentialQueryParameters: [],
    encodedSlash: true,
    classify,
    // npm prints the challenge of a 401 instead of the reason, so there is none.
    challenge: () => undefined,
    refusal: npmRefusal,
  };
}

/**
 * Routes below `/-/`. Accounts and tokens are excluded: at the upstream they belong to the gateway's account.
 */
function special(rest: string, head: RequestHead): Classification {
  const { method } = head;
  const read = isRead(method);
  if (AUDIT_ROUTES.has(rest))
    return method === 'POST' ? anyPackage() : unknownOperation(`${method} on an audit route`);
  if (REGISTRY_ROUTES.has(rest)) return read ? anyPackage() : unknownOperation(`${method} on ${rest}`);
  if (rest === '-/whoami')
    return read ? anyCaller({ builtInResponse: whoami }) : unknownOperation(`${method} on whoami`);
  if (rest === '-/v1/search' || rest === '-/all')
    return read ? everyPackage() : unknownOperation(`${method} on search`);
  const [, attested = ''] = /^-\/npm\/v1\/attestations\/(.+)@[^@/]+$/.exec(rest) ?? [];
  if (NPM_NAME.test(attested))
    return read ? onePackage(READ_PACKAGES, attested) : unknownOperation(`${method} on an attestation`);
  const [, name = '', tag] = /^-\/package\/((?:@[^/]+\/)?[^/]+)\/dist-tags(?:\/([^/]+))?$/.exec(rest) ?? [];
  if (!NPM_NAME.test(name)) return unknownOperation('not a route of an npm registry');
  if (tag === undefined)
    return read ? onePackage(READ_PACKAGES, name) : unknownOperation(`${method} on the list of tags`);
  if (!TAG_METHODS.has(method)) return unknownOperation(`${method} on a tag`);
  return method === 'DELETE' ? onePackage(WRITE_PACKAGES, name) : packageChange(name, 'tag', head);
}

const TAG_METHODS: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE']);

/** `@scope/name/rest` or `name/rest`. */
function splitName(text: string): readonly [string, string] {
  const end = text.indexOf('/', text.startsWith('@') ? text.indexOf('/') + 1 : 0);
  return end <= 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

/**
 * Servers may find a file by its name alone, so it must name the package of the path. Some servers repeat the
 * scope.
 */
function isFileOf(name: string, more: string): boolean {
  const bare = name.slice(name.indexOf('/') + 1);
  const isNamed = [bare, name].some((start) => {
    const prefix = `-/${start}-`;
    return more.startsWith(prefix) && /^\d[^/]*\.tgz$/.test(more.slice(prefix.length));
  });
  if (isNamed) return true;
  // Gitea and Forgejo: `-/VERSION/FILE` (routers/api/packages/api.go).
  const [, version = '', file] = /^-\/(\d[^/]*)\/([^/]+)$/.exec(more) ?? [];
  return file === `${bare}-${version}.tgz`;
}

/**
 * Publish, deprecate, star: PUT on the package. Unpublish: PUT or DELETE at a revision, then DELETE of a
 * file.
 */
function isChange(method: string, name: string, more: string): boolean {
  if (more === '') return method === 'PUT';
  const [revision, file] = /^(?:(.+)\/)?-rev\/[^/]+$/.exec(more) ?? [];
  if (revision === undefined) return false;
  if (file !== undefined) return method === 'DELETE' && isFileOf(name, file);
  return method === 'PUT' || method === 'DELETE';
}

/** The caller's identity at the gateway; the upstream only knows the gateway's account. */
function whoami(caller: Caller | undefined): BuiltInResponse {
  return {
    status: 200,
    headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
    body: `${JSON.stringify({ username: caller?.identity })}\n`,
  };
}

/** npm and yarn print `error`, pnpm only the reason phrase. */
function npmRefusal(text: RefusalText) {
  const error = `${withHint(text)} (${text.error}, request id ${text.requestId})`;
  return {
    contentType: 'application/json',
    body: `${JSON.stringify({ error })}\n`,
    phrase: phraseOf(text),
  };
}
