import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';

/**
 * The mirrors of a repository, as a Metalink 3 document or as lines. dnf sends its credential to every mirror, so
 * mirrors on other servers are removed; a list without any other mirror is not relayed. The checksums of
 * `repomd.xml` in a Metalink document stay.
 */
export const MIRROR_LIST: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 1024 ** 2,
  rewrite: (document, urls) =>
    /^\s*</.test(document) ? rewriteMetalink(document, urls) : rewriteLines(document, urls),
};

const URL_ELEMENT = /<url(\s[^<>]*)?>([^<>]*)<\/url\s*>/g;

function rewriteMetalink(document: string, urls: PublicUrls): string | undefined {
  if (inOtherEncoding(document)) return undefined;
  const text = withoutComments(document);
  const elements = text.match(URL_ELEMENT) ?? [];
  // Every other construct could contain a URL that this function does not find.
  if (/<!|<\?(?!xml\s)/.test(text) || text.match(/<(?:[^\s<>/]*:)?url\b/gi)?.length !== elements.length)
    return undefined;
  let kept = 0;
  const rewritten = text.replaceAll(URL_ELEMENT, (_, attributes: string | undefined, escaped: string) => {
    const url = urls.of(unescape(escaped.trim()));
    if (url === undefined) return '';
    kept += 1;
    return `<url${attributes ?? ''}>${escape(url)}</url>`;
  });
  return kept === 0 ? undefined : rewritten;
}

/**
 * Whether XML parsers could read other characters than UTF-8 (XML 1.0, appendix F): by the declaration, such as UTF-7, or
 * without one, UTF-16 by its NULs.
 */
function inOtherEncoding(document: string): boolean {
  const [, declaration = ''] = /^\s*<\?xml\s([^>]*)/.exec(document) ?? [];
  const [, encoding = ''] = /encoding\s*=\s*(.*)/s.exec(declaration) ?? [];
  return /[\0-\x08\x0b\x0c\x0e-\x1f]/.test(document) || !/^(?:$|(["'])(?:utf-8|us-ascii)\1)/i.test(encoding);
}

/** An unfinished comment stays. Searches each character once, unlike a regular expression. */
function withoutComments(document: string): string {
  let text = '';
  let at = 0;
  for (;;) {
    const start = document.indexOf('<!--', at);
    const end = start === -1 ? -1 : document.indexOf('-->', start + 4);
    if (end === -1) return text + document.slice(at);
    text += document.slice(at, start);
    at = end + 3;
  }
}

function rewriteLines(document: string, urls: PublicUrls): string | undefined {
  const mirrors = document
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((url) => urls.of(url) ?? []);
  return mirrors.length === 0 ? undefined : `${mirrors.join('\n')}\n`;
}

/** `&` last, so that `&amp;lt;` becomes `&lt;`. */
function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
