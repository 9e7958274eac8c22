import type { LocationRewriter } from './location.ts';

/** Seconds, and optionally a URL, with or without quotes (HTML standard, "shared declarative refresh steps"). */
const REFRESH = /^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?)(["']?)(.*?)\2\s*$/i;

/** Rewrites the URL of a `Refresh` value, which is a redirect; undefined when its origin is not allowed. */
export function rewriteRefresh(value: string, host: string, location: LocationRewriter): string | undefined {
  const [, before = '', quote = '', target = ''] = REFRESH.exec(value) ?? [];
  if (target === '') return value;
  const rewritten = location(target, host);
  return rewritten === undefined ? undefined : `${before}${quote}${rewritten}${quote}`;
}
