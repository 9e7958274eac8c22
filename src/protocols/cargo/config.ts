import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { parseJsonObject } from '../../util/json/object.ts';

/**
 * The `config.json` of an index (Cargo book, "Index Configuration"). Cargo sends its token to the hosts of
 * `dl` and `api`, so a document with other hosts, or one that cannot be parsed, is not relayed, with any
 * media type.
 */
export const CONFIG: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 64 * 1024,
  rewrite(document, urls) {
    const config = parseJsonObject(Buffer.from(document, 'utf8'));
    if (config.kind === 'invalid') return undefined;
    const { dl, api } = config.value;
    const download = publicUrl(dl, urls);
    if (download === undefined) return undefined;
    // A registry without `api` has no web API.
    const webApi = api === undefined || api === null ? null : publicUrl(api, urls);
    if (webApi === undefined) return undefined;
    return JSON.stringify({ ...config.value, dl: download, api: webApi, 'auth-required': true });
  },
};

/** `dl` may be a template and so not yet a URL; `api` has no trailing slash. */
function publicUrl(url: unknown, urls: PublicUrls): string | undefined {
  if (typeof url !== 'string') return undefined;
  const whole = url.endsWith('/') ? url : `${url}/`;
  const path = whole.replace(/^[a-z]+:\/\/[^/]*/i, '');
  // Dot segments would be resolved only after the template is expanded.
  if (/(?:^|\/)\.{1,2}(?:\/|$)|[\\%?#]/.test(path)) return undefined;
  return urls.of(whole)?.slice(0, url.endsWith('/') ? undefined : -1);
}
