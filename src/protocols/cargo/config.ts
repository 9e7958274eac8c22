import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { parseJsonObject } from '../../util/json/object.ts';

/**
 * An index's `config.json` (Cargo book, "Index Configuration"). Cargo sends its token wherever `dl` and `api` lead, so one that leads
 * past the gateway is not relayed, and neither is one that cannot be read, whatever it calls itself.
 */
export const CONFIG: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 64 * 1024,
  rewrite(document, urls) {
    const config = parseJsonObject(Buffer.from(document, 'utf8'));
    if (config.kind === 'problem') return undefined;
    const { dl, api } = config.value;
    const download = publicUrl(dl, urls);
    if (download === undefined) return undefined;
    // Without one, the registry has no web API.
    const webApi = api === undefined || api === null ? null : publicUrl(api, urls);
    if (webApi === undefined) return undefined;
    return JSON.stringify({ ...config.value, dl: download, api: webApi, 'auth-required': true });
  },
};

/** `dl` may be a template, so it is no URL before Cargo has filled it in; `api` is written without a slash at its end. */
function publicUrl(url: unknown, urls: PublicUrls): string | undefined {
  if (typeof url !== 'string') return undefined;
  const whole = url.endsWith('/') ? url : `${url}/`;
  const path = whole.replace(/^[a-z]+:\/\/[^/]*/i, '');
  // What dot segments make of it would be known only later.
  if (/(?:^|\/)\.{1,2}(?:\/|$)|[\\%?#]/.test(path)) return undefined;
  return urls.of(whole)?.slice(0, url.endsWith('/') ? undefined : -1);
}
