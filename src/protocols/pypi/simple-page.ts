import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { findDuplicateKey } from '../../util/json/duplicate-keys.ts';
import { isRecord } from '../../util/json/object.ts';
import { rewriteAnchors } from './html-anchors.ts';

/** A page of the simple repository API, as HTML (PEP 503) or JSON (PEP 691). */
export const SIMPLE_PAGE: DocumentRewrite = {
  kind: 'document',
  types: ['text/html', 'application/vnd.pypi.simple.v1+html', 'application/vnd.pypi.simple.v1+json'],
  maxBytes: 16 * 1024 ** 2,
  rewrite: (document, urls) =>
    // No HTML starts so, and JSON of this API always does.
    /^\s*\{/.test(document)
      ? rewriteJson(document, urls)
      : rewriteAnchors(document, LINKS, (url) => publicUrl(url, urls)),
};

/** Attributes that hold a URL: of the file, and of its attestations (PEP 740). */
const LINKS: ReadonlySet<string> = new Set(['href', 'data-provenance']);

function rewriteJson(document: string, urls: PublicUrls): string | undefined {
  let page: unknown;
  try {
    page = JSON.parse(document);
  } catch {
    return undefined;
  }
  if (!isRecord(page) || findDuplicateKey(document) !== undefined) return undefined;
  const { files } = page;
  // The list of projects has no URLs.
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
 * What clients make of a URL in a page is what they ask for next. A relative one keeps its meaning, because the page's own path
 * below the service is the upstream's; one from the root of the host loses it, and is read as the upstream's.
 */
function publicUrl(written: string, urls: PublicUrls): string {
  // As clients read it (URL standard, "basic URL parser"): without the white space around it, `\` as `/`.
  const url = written.trim().replaceAll('\\', '/');
  const relative = !url.startsWith('/') && !/^[a-z][a-z0-9+.-]*:/i.test(url);
  if (relative) return written;
  // Without a scheme it is that of the page, which here need not be the one there.
  const bases = url.startsWith('//') ? ['http://page.invalid', 'https://page.invalid'] : [urls.base];
  for (const base of bases) {
    const absolute = URL.parse(url, base)?.href;
    const known = absolute === undefined ? undefined : urls.of(absolute);
    if (known !== undefined) return known;
  }
  return written;
}
