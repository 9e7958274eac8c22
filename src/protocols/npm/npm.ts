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
import { packageChange } from './publication.ts';

/** Package names as npm takes them (validate-npm-package-name), old ones with capitals included; `-` starts what is none. */
const NAME = /^(?:@[A-Za-z0-9~][A-Za-z0-9._~-]*\/)?[A-Za-z0-9~][A-Za-z0-9._~-]*$/;

/** A scope's slash, which npm escapes. What may stand before the name is the same in both spellings. */
const SCOPE = /^((?:-\/package\/|-\/npm\/v1\/attestations\/)?@[^/%]+)%2f/i;

/** npm's `audit` sends the names of what is installed, and gets what is known of them. */
const AUDIT_ROUTES: ReadonlySet<string> = new Set([
  '-/npm/v1/security/advisories/bulk',
  '-/npm/v1/security/audits',
  '-/npm/v1/security/audits/quick',
]);

/** Tell of no package: is it there; and with which keys does it sign. */
const REGISTRY_ROUTES: ReadonlySet<string> = new Set(['-/ping', '-/npm/v1/keys']);

/** Metadata; its `dist.tarball` say where packages are. Signatures are of name, version and hash, not of these. */
const METADATA = {
  kind: 'urls',
  types: ['application/json', 'application/vnd.npm.install-v1+json'],
} as const;

/** A registry of npm packages (CommonJS Compliant Package Registry, and what npm, pnpm and yarn ask beside it). */
export function npmProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    const { method, path } = head;
    // `@scope%2fname` and `@scope/name` are the same package, and the first is what npm sends.
    const rest = path.slice(settings.path.length).replace(SCOPE, '$1/');
    if (/%2f/i.test(rest)) {
      return { kind: 'deny', reason: 'path_ambiguous', detail: 'an encoded slash that ends no scope' };
    }
    if (rest.includes('%')) return unknownOperation('an escape that is in no name');
    if (rest.startsWith('-/')) return special(rest, head);
    const [name, more] = splitName(rest);
    if (!NAME.test(name)) return unknownOperation('no name of a package');
    if (isRead(method)) {
      if (isFileOf(name, more)) return onePackage(READ_PACKAGES, name);
      // All versions, or one by number or tag.
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
    // To a 401 with a challenge, npm prints the challenge and not the reason.
    challenge: () => undefined,
    refusal: npmRefusal,
  };
}

/** What is below `/-/`, where no package can be. Accounts and their tokens are not among it: they would be the gateway's own. */
function special(rest: string, head: RequestHead): Classification {
  const { method } = head;
  const read = isRead(method);
  if (AUDIT_ROUTES.has(rest))
    return method === 'POST' ? anyPackage() : unknownOperation(`${method} on an audit`);
  if (REGISTRY_ROUTES.has(rest)) return read ? anyPackage() : unknownOperation(`${method} on ${rest}`);
  if (rest === '-/whoami')
    return read ? anyCaller({ builtInResponse: whoami }) : unknownOperation(`${method} on whoami`);
  if (rest === '-/v1/search' || rest === '-/all')
    return read ? everyPackage() : unknownOperation(`${method} on search`);
  const [, attested = ''] = /^-\/npm\/v1\/attestations\/(.+)@[^@/]+$/.exec(rest) ?? [];
  if (NAME.test(attested))
    return read ? onePackage(READ_PACKAGES, attested) : unknownOperation(`${method} on an attestation`);
  const [, name = '', tag] = /^-\/package\/((?:@[^/]+\/)?[^/]+)\/dist-tags(?:\/([^/]+))?$/.exec(rest) ?? [];
  if (!NAME.test(name)) return unknownOperation('no route of a package registry');
  if (tag === undefined)
    return read ? onePackage(READ_PACKAGES, name) : unknownOperation(`${method} on all tags`);
  if (!TAG_METHODS.has(method)) return unknownOperation(`${method} on a tag`);
  return method === 'DELETE' ? onePackage(WRITE_PACKAGES, name) : packageChange(name, 'tag', head);
}

const TAG_METHODS: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE']);

/** `@scope/name/rest` or `name/rest`. */
function splitName(text: string): readonly [string, string] {
  const end = text.indexOf('/', text.startsWith('@') ? text.indexOf('/') + 1 : 0);
  return end <= 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

/** A server may look for a file by its name alone: it names the same package as the path. Some repeat the scope. */
function isFileOf(name: string, more: string): boolean {
  const bare = name.slice(name.indexOf('/') + 1);
  return [bare, name].some((start) => {
    const prefix = `-/${start}-`;
    return more.startsWith(prefix) && /^\d[^/]*\.tgz$/.test(more.slice(prefix.length));
  });
}

/** Publish, deprecate, star: PUT on the package. Unpublish: the package at a revision, then one of its files. */
function isChange(method: string, name: string, more: string): boolean {
  if (more === '') return method === 'PUT';
  const [revision, file] = /^(?:(.+)\/)?-rev\/[^/]+$/.exec(more) ?? [];
  if (revision === undefined) return false;
  if (file !== undefined) return method === 'DELETE' && isFileOf(name, file);
  return method === 'PUT' || method === 'DELETE';
}

/** As the gateway knows the caller: to the upstream, everybody is the gateway. */
function whoami(caller: Caller | undefined): BuiltInResponse {
  return {
    status: 200,
    headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
    body: `${JSON.stringify({ username: caller?.identity })}\n`,
  };
}

/** npm and yarn print `error`, pnpm the phrase only. */
function npmRefusal({ error, message, requestId }: RefusalText) {
  const text = `${message} (${error}, request id ${requestId})`;
  return {
    contentType: 'application/json',
    body: `${JSON.stringify({ error: text })}\n`,
    phrase: phraseOf(message, error),
  };
}

/** The name that stands in a path, its slash encoded or not; undefined for what is no name of a package. */
export function npmPackageName(text: string): string | undefined {
  const name = text.replace(/^(@[^/%]+)%2f/i, '$1/');
  return NAME.test(name) ? name : undefined;
}
