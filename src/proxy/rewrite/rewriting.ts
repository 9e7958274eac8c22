import type { BodyRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import type { InvalidResponse } from '../transport/invalid-response.ts';
import type { BodyTransform } from './body-transform.ts';
import { decodeBefore } from './content-decoder.ts';
import { DocumentRewriter } from './document-rewriter.ts';
import { createEntityTags } from './entity-tags.ts';
import type { UrlMapping } from './url-mapping.ts';
import { compileReplacements, UrlRewriter, type Replacement, type UrlReplacements } from './url-rewriter.ts';

export interface RewritingSettings {
  /** Public prefix of the service. */
  readonly path: string;
  readonly upstream: {
    /** Origins to which the upstream may redirect clients. */
    readonly redirectOrigins: readonly string[];
  };
}

/** Rewrites the URLs in the response to one request. */
export interface Rewriting {
  /** Changes request headers (name, value, …) so that the response can be rewritten. */
  request(headers: string[]): string[];
  /** Undefined: the response is relayed unchanged. */
  response(headers: string[], status: number): RewrittenResponse | InvalidResponse | undefined;
}

export interface RewrittenResponse {
  readonly kind: 'rewritten';
  readonly headers: string[];
  readonly body: BodyTransform;
}

/** `origin`: the scheme and host of the client's request. */
export function createRewriting(
  { path, upstream }: RewritingSettings,
  mapping: UrlMapping,
): (rewrite: BodyRewrite, origin: string, withTicket?: PublicUrls['withTicket']) => Rewriting {
  const storage = new Set(upstream.redirectOrigins.map((url) => new URL(url).origin));

  function replacementsFor(origin: string): readonly Replacement[] {
    const to = origin + path;
    const host = origin.slice(origin.indexOf('//') + 2);
    return mapping.basesFor(host).map((from) => ({ from, to }));
  }

  /** Compiled once per origin. Clients choose the origin, so the cache is bounded. */
  const known = new Map<string, Names>();

  function namesFor(origin: string): Names {
    const earlier = known.get(origin);
    if (earlier !== undefined) return earlier;
    const replacements = replacementsFor(origin);
    const names = {
      tags: createEntityTags(JSON.stringify(replacements)),
      inText: compileReplacements(replacements),
      urls: publicUrls(replacements, origin + path, storage),
    };
    if (known.size >= MAX_ORIGINS) known.clear();
    known.set(origin, names);
    return names;
  }

  return (rewrite, origin, withTicket) => {
    const known = namesFor(origin);
    const { tags } = known;
    const names = withTicket === undefined ? known : { ...known, urls: { ...known.urls, withTicket } };
    return {
      request(headers) {
        const kept: string[] = [];
        // If-None-Match takes precedence over If-Modified-Since (RFC 9110 §13.1.3), even if no tag remains.
        const byTag = valueOf(headers, 'if-none-match') !== undefined;
        for (let i = 0; i < headers.length; i += 2) {
          const [name = '', value = ''] = [headers[i], headers[i + 1]];
          const folded = foldHeaderName(name);
          if (REMOVED_REQUEST_HEADERS.has(folded) || (byTag && folded === 'if-modified-since')) continue;
          const sent = folded === 'if-none-match' ? tags.inward(value) : value;
          if (sent !== undefined) kept.push(name, sent);
        }
        // A compressed body cannot be rewritten while it streams; it is buffered if the upstream sends one anyway.
        kept.push('Accept-Encoding', 'identity');
        return kept;
      },
      response(headers, status) {
        const get = (name: string): string | undefined => valueOf(headers, name);
        const type = get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
        const unmodified = status === 304;
        if (!unmodified && !holdsUrls(rewrite, status, type)) return undefined;
        const plain = transformFor(rewrite, names);
        const coding = (get('content-encoding') ?? 'identity').trim().toLowerCase();
        const limit = rewrite.kind === 'document' ? rewrite.maxBytes : undefined;
        const body = unmodified || coding === 'identity' ? plain : decodeBefore(coding, plain, limit);
        if ('kind' in body) return body;
        const kept: string[] = [];
        for (let i = 0; i < headers.length; i += 2) {
          const [name = '', value = ''] = [headers[i], headers[i + 1]];
          const folded = foldHeaderName(name);
          if (BODY_HEADERS.has(folded) || (withTicket !== undefined && CACHE_HEADERS.has(folded))) continue;
          kept.push(name, folded === 'etag' ? tags.outward(value) : value);
        }
        if (withTicket !== undefined) kept.push('Cache-Control', 'no-store');
        return { kind: 'rewritten', headers: kept, body };
      },
    };
  };
}

function holdsUrls({ types }: BodyRewrite, status: number, type: string | undefined): boolean {
  if (types === 'any') return status >= 200 && status < 300;
  return status === 200 && type !== undefined && types.includes(type);
}

/** The compiled replacements of one origin. */
interface Names {
  readonly tags: ReturnType<typeof createEntityTags>;
  readonly inText: UrlReplacements;
  readonly urls: PublicUrls;
}

const MAX_ORIGINS = 100;

function transformFor(rewrite: BodyRewrite, { inText, urls }: Names): BodyTransform {
  switch (rewrite.kind) {
    case 'urls':
      return new UrlRewriter(inText);
    case 'document':
      return new DocumentRewriter(rewrite, urls);
    default:
      return rewrite satisfies never;
  }
}

function publicUrls(
  replacements: readonly Replacement[],
  base: string,
  storage: ReadonlySet<string>,
): PublicUrls {
  // Longest first: one text may be a prefix of another.
  const known = replacements.toSorted((a, b) => b.from.length - a.from.length);
  return {
    base,
    of(url) {
      const replacement = known.find(({ from }) => url.startsWith(from));
      if (replacement !== undefined) return replacement.to + url.slice(replacement.from.length);
      // Gitea and Artifactory write their base URL without the slash at its end.
      return known.find(({ from }) => from === `${url}/`)?.to.slice(0, -1);
    },
    leadsToStorage: (url) => storage.has(URL.parse(url)?.origin ?? ''),
  };
}

/** Ranges and preconditions refer to the body before rewriting. */
const REMOVED_REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'range',
  'if-range',
  'if-match',
]);

/** A response with tickets is valid for minutes, and for one client. */
const CACHE_HEADERS: ReadonlySet<string> = new Set(['cache-control', 'etag', 'expires', 'last-modified']);

/** Headers that describe the body before rewriting. */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

/** All values, joined: recipients differ in which of several values they use. */
function valueOf(headers: readonly string[], folded: string): string | undefined {
  const values = headers.filter((_, i) => i % 2 === 1 && foldHeaderName(headers[i - 1] ?? '') === folded);
  return values.length === 0 ? undefined : values.join(', ');
}
