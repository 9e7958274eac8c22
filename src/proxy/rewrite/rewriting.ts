import type { BodyRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import type { BodyTransform } from './body-transform.ts';
import { DocumentRewriter } from './document-rewriter.ts';
import { createEntityTags } from './entity-tags.ts';
import { compileReplacements, UrlRewriter, type Replacement, type UrlReplacements } from './url-rewriter.ts';

export interface RewritingSettings {
  /** Public prefix of the service. */
  readonly path: string;
  readonly upstream: {
    readonly url: string;
    /** Other URLs by which it calls itself. */
    readonly aliases: readonly string[];
    /** Where it may send clients beside itself. */
    readonly redirectOrigins: readonly string[];
  };
}

/** How one request's answer becomes the gateway's. */
export interface Rewriting {
  /** Changes a request's headers (name, value, …) so that the answer can be rewritten. */
  request(headers: string[]): string[];
  /** Takes an answer's headers; undefined where it passes as it is, a text where it cannot be passed. */
  answer(headers: string[], status: number): RewrittenAnswer | string | undefined;
}

export interface RewrittenAnswer {
  readonly headers: string[];
  readonly body: BodyTransform;
}

/** `origin`: scheme and host by which the client came. */
export function createRewriting({
  path,
  upstream,
}: RewritingSettings): (rewrite: BodyRewrite, origin: string) => Rewriting {
  const { host: ownHost, pathname } = new URL(upstream.url);
  const storage = new Set(upstream.redirectOrigins.map((url) => new URL(url).origin));

  function replacementsFor(origin: string): readonly Replacement[] {
    const to = origin + path;
    const host = origin.slice(origin.indexOf('//') + 2);
    // An upstream that goes by Host, X-Forwarded-Host and X-Forwarded-Proto, or by some of them, calls itself by its own
    // name or the client's, with its own scheme or the client's; and knows nothing of our prefix.
    const names = SCHEMES.flatMap((scheme) => [
      `${scheme}//${ownHost}${pathname}`,
      `${scheme}//${host}${pathname}`,
      `${scheme}//${host}${path}`,
    ]);
    return [...new Set([upstream.url, ...upstream.aliases, ...names])].map((from) => ({ from, to }));
  }

  /** Made ready once for each name that clients use: those are few, but it is the client who says so. */
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
    if (known.size >= MOST_ORIGINS) known.clear();
    known.set(origin, names);
    return names;
  }

  return (rewrite, origin) => {
    const names = namesFor(origin);
    const { tags } = names;
    return {
      request(headers) {
        const kept: string[] = [];
        // Where tags decide, times do not (RFC 9110 §13.1.3), whether or not the tag was one of ours.
        const byTag = valueOf(headers, 'if-none-match') !== undefined;
        for (let i = 0; i < headers.length; i += 2) {
          const [name = '', value = ''] = [headers[i], headers[i + 1]];
          const folded = foldHeaderName(name);
          if (LEFT_OUT.has(folded) || (byTag && folded === 'if-modified-since')) continue;
          const sent = folded === 'if-none-match' ? tags.inward(value) : value;
          if (sent !== undefined) kept.push(name, sent);
        }
        // What is compressed cannot be read as it streams by.
        kept.push('Accept-Encoding', 'identity');
        return kept;
      },
      answer(headers, status) {
        const get = (wanted: string): string | undefined => valueOf(headers, wanted);
        const type = get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
        const unmodified = status === 304;
        if (!unmodified && !holdsUrls(rewrite, status, type)) return undefined;
        if (!unmodified && (get('content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
          return 'an encoded body where none was asked for';
        }
        const kept: string[] = [];
        for (let i = 0; i < headers.length; i += 2) {
          const [name = '', value = ''] = [headers[i], headers[i + 1]];
          const folded = foldHeaderName(name);
          if (OF_THE_BODY.has(folded)) continue;
          kept.push(name, folded === 'etag' ? tags.outward(value) : value);
        }
        return { headers: kept, body: transformFor(rewrite, names) };
      },
    };
  };
}

function holdsUrls({ types }: BodyRewrite, status: number, type: string | undefined): boolean {
  if (types === 'any') return status >= 200 && status < 300;
  return status === 200 && type !== undefined && types.includes(type);
}

/** What an upstream calls by its own names, in those of one origin. */
interface Names {
  readonly tags: ReturnType<typeof createEntityTags>;
  readonly inText: UrlReplacements;
  readonly urls: PublicUrls;
}

const MOST_ORIGINS = 100;

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
  // The longest first: one may be the start of another.
  const known = replacements.toSorted((a, b) => b.from.length - a.from.length);
  return {
    base,
    of(url) {
      const replacement = known.find(({ from }) => url.startsWith(from));
      return replacement === undefined ? undefined : replacement.to + url.slice(replacement.from.length);
    },
    leadsToStorage: (url) => storage.has(URL.parse(url)?.origin ?? ''),
  };
}

const SCHEMES = ['http:', 'https:'] as const;

/** A part of a body that is rewritten is a part of something else. */
const LEFT_OUT: ReadonlySet<string> = new Set(['accept-encoding', 'range', 'if-range', 'if-match']);

/** What is true of the upstream's bytes only. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-length',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

/** All lines of it: readers differ in which of several they go by. */
function valueOf(headers: readonly string[], wanted: string): string | undefined {
  const values = headers.filter((_, i) => i % 2 === 1 && foldHeaderName(headers[i - 1] ?? '') === wanted);
  return values.length === 0 ? undefined : values.join(', ');
}
