import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { hasDuplicateKey } from '../../util/json/duplicate-keys.ts';
import { isRecord } from '../../util/json/object.ts';
import { rewriteAnchors } from './html-anchors.ts';

/** A page of the simple repository API, as HTML (PEP 503) or JSON (PEP 691). */
export const SIMPLE_PAGE: DocumentRewrite = {
  kind: 'document',
  types: ['text/html', 'application/vnd.pypi.simple.v1+html', 'application/vnd.pypi.simple.v1+json'],
  maxBytes: 16 * 1024 ** 2,
  rewrite: (document, urls) =>
    // JSON of this API always starts with `{`; HTML never does.
    /^\s*\{/.test(document)
      ? rewriteJson(document, urls)
      : rewriteAnchors(document, LINKS, (url) => publicUrl(url, urls)),
};

/** Attributes with the URL of the file and of its attestations (PEP 740). */
const LINKS: ReadonlySet<string> = new Set(['href', 'data-provenance']);

function rewriteJson(document: string, urls: PublicUrls): string | undefined {
  let page: unknown;
  try {
    page = JSON.parse(document);
  } catch {
    return undefined;
  }
  if (!isRecord(page) || hasDuplicateKey(document, page)) return undefined;
  const { files } = page;
  // The project list contains no URLs.
  if (files === undefined) return document;
  if (!Array.isArray(files)) return undefined;
  const rewritten: unknown[] = [];
  for (const file of files as readonly unknown[]) {
    if (!isRecord(file) || typeof file['url'] !== 'string') return undefined;
    const { url, provenance } = file;
    rewritten.push({
      ...file,
      url: publicUrl(url, urls),
      ...(typeof provenance === 'string' ? { provenance: publicUrl(provenance, urls) } : {}),
    });
  }
  return JSON.stringify({ ...page, files: rewritten });
}

/**
 * The URL that clients should request. A relative URL stays valid, because the page has the same path below
 * the service as below the upstream. A URL relative to the root of the host is resolved against the upstream.
 */
function publicUrl(written: string, urls: PublicUrls): string {
  // As clients do (URL standard, "basic URL parser"): trims white space and reads `\` as `/`.
  const url = written.trim().replaceAll('\\', '/');
  const relative = !url.startsWith('/') && !/^[a-z][a-z0-9+.-]*:/i.test(url);
  if (relative) return written;
  // A URL without a scheme uses the scheme of the page, which may differ between gateway and upstream.
  const bases = url.startsWith('//') ? ['http://page.invalid', 'https://page.invalid'] : [urls.base];
  for (const base of bases) {
    const absolute = URL.parse(url, base)?.href;
    const known = absolute === undefined ? undefined : urls.of(absolute);
    if (known !== undefined) return known;
  }
  return written;
}
