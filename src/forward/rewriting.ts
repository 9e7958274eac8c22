import type { BodyRewrite, PublicUrls } from '../contract/protocol.ts';
import { foldHeaderName } from '../lib/header-name.ts';
import type { BodyTransform } from './body-transform.ts';
import { DocumentRewriter } from './document-rewriter.ts';
import { createEntityTags } from './entity-tags.ts';
import { UrlRewriter, type Replacement } from './url-rewriter.ts';

export interface RewritingSettings {
  /** Public prefix of the service. */
  readonly path: string;
  readonly upstreamUrl: string;
  /** Other URLs by which the upstream calls itself. */
  readonly aliases: readonly string[];
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
export function createRewriting(
  settings: RewritingSettings,
): (rewrite: BodyRewrite, origin: string) => Rewriting {
  const { host: ownHost, pathname } = new URL(settings.upstreamUrl);

  function replacementsFor(origin: string): readonly Replacement[] {
    const to = origin + settings.path;
    const host = origin.slice(origin.indexOf('//') + 2);
    // An upstream that goes by Host, X-Forwarded-Host and X-Forwarded-Proto, or by some of them, calls itself by its own
    // name or the client's, with its own scheme or the client's; and knows nothing of our prefix.
    const names = SCHEMES.flatMap((scheme) => [
      `${scheme}//${ownHost}${pathname}`,
      `${scheme}//${host}${pathname}`,
      `${scheme}//${host}${settings.path}`,
    ]);
    return [...new Set([settings.upstreamUrl, ...settings.aliases, ...names])].map((from) => ({ from, to }));
  }

  return (rewrite, origin) => {
    const replacements = replacementsFor(origin);
    const tags = createEntityTags(JSON.stringify(replacements));
    return {
      request(headers) {
        const kept: string[] = [];
        for (let i = 0; i < headers.length; i += 2) {
          const [name = '', value = ''] = [headers[i], headers[i + 1]];
          const folded = foldHeaderName(name);
          if (LEFT_OUT.has(folded)) continue;
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
        if (!unmodified && (status !== 200 || type === undefined || !rewrite.types.includes(type)))
          return undefined;
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
        return { headers: kept, body: transformFor(rewrite, replacements, origin + settings.path) };
      },
    };
  };
}

function transformFor(
  rewrite: BodyRewrite,
  replacements: readonly Replacement[],
  base: string,
): BodyTransform {
  switch (rewrite.kind) {
    case 'urls':
      return new UrlRewriter(replacements);
    case 'document':
      return new DocumentRewriter(rewrite, publicUrls(replacements, base));
    default:
      return rewrite satisfies never;
  }
}

function publicUrls(replacements: readonly Replacement[], base: string): PublicUrls {
  // The longest first: one may be the start of another.
  const known = replacements.toSorted((a, b) => b.from.length - a.from.length);
  return {
    base,
    of(url) {
      const replacement = known.find(({ from }) => url.startsWith(from));
      return replacement === undefined ? undefined : replacement.to + url.slice(replacement.from.length);
    },
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

function valueOf(headers: readonly string[], wanted: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2)
    if (foldHeaderName(headers[i] ?? '') === wanted) return headers[i + 1];
  return undefined;
}
