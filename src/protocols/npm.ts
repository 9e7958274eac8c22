import type { Classification, Protocol, RefusalText } from '../contract/protocol.ts';
import type { RequestHead } from '../contract/request-head.ts';
import { any, every, isRead, one, READ, unknown, WRITE } from './package-operations.ts';
import { phraseOf } from './refusal.ts';

/** Package names as npm takes them (validate-npm-package-name), old ones with capitals included. */
const NAME = /^(?:@[A-Za-z0-9~-][A-Za-z0-9._~-]*\/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*$/;

/** npm's `audit` sends the names of what is installed, and gets what is known of them. */
const AUDITS: ReadonlySet<string> = new Set([
  '-/npm/v1/security/advisories/bulk',
  '-/npm/v1/security/audits',
  '-/npm/v1/security/audits/quick',
]);

/** Metadata; its `dist.tarball` say where packages are. */
const METADATA = {
  kind: 'urls',
  types: ['application/json', 'application/vnd.npm.install-v1+json'],
} as const;

/** A registry of npm packages (CommonJS Compliant Package Registry, and what npm, pnpm and yarn ask beside it). */
export function npmProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const rest = path.slice(settings.path.length);
    // `@scope%2fname` and `@scope/name` are the same package, and the first is what npm sends.
    const decoded = rest.replace(/^((?:-\/package\/)?@[^/%]+)%2f/i, '$1/');
    if (decoded.includes('%')) return unknown('an escape that is in no name');
    const read = isRead(method);
    if (decoded.startsWith('-/')) return special(decoded, method, read);
    const [name, more] = splitName(decoded);
    if (!NAME.test(name)) return unknown('no name of a package');
    if (more.startsWith('-/') && read && !more.includes('/', 2)) return one(READ, name);
    if (read && !more.includes('/')) return one(READ, name, { rewrite: METADATA });
    const change = method === 'PUT' || method === 'DELETE';
    const revision = /^(?:-\/[^/]+\/)?-rev\/[^/]+$/.test(more);
    if (change && (revision || (more === '' && method === 'PUT'))) return one(WRITE, name);
    return unknown(`${method} on a package`);
  }

  return {
    carriers: ['bearer', 'basic'],
    queryCarriers: [],
    encodedSlash: true,
    classify,
    // To a 401 with a challenge, npm prints the challenge and not the reason.
    challenge: () => undefined,
    refusal: npmRefusal,
  };
}

/** What is below `/-/`, where no package can be. */
function special(rest: string, method: string, read: boolean): Classification {
  if (AUDITS.has(rest)) return method === 'POST' ? any() : unknown(`${method} on an audit`);
  if (rest === '-/ping') return read ? any() : unknown(`${method} on ping`);
  if (rest === '-/v1/search' || rest === '-/all') return read ? every() : unknown(`${method} on search`);
  const [, name = '', tag] = /^-\/package\/((?:@[^/]+\/)?[^/]+)\/dist-tags(?:\/([^/]+))?$/.exec(rest) ?? [];
  if (!NAME.test(name)) return unknown('no route of a package registry');
  if (tag === undefined) return read ? one(READ, name) : unknown(`${method} on all tags`);
  return method === 'PUT' || method === 'POST' || method === 'DELETE'
    ? one(WRITE, name)
    : unknown(`${method} on a tag`);
}

/** `@scope/name/rest` or `name/rest`. */
function splitName(text: string): readonly [string, string] {
  const end = text.indexOf('/', text.startsWith('@') ? text.indexOf('/') + 1 : 0);
  return end <= 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
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
