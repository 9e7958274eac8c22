import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';

/**
 * The service index (NuGet Server API, "Service index"): where everything else of a feed is. NuGet offers a source's credential to
 * whoever challenges it there, so what is not behind the gateway is left out; and an index that cannot be read is not relayed, whatever
 * it calls itself.
 */
export const SERVICE_INDEX: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 256 * 1024,
  rewrite(document, urls) {
    const index = parseJsonObject(Buffer.from(document, 'utf8'));
    if (index.kind === 'problem' || !Array.isArray(index.value['resources'])) return undefined;
    const resources = (index.value['resources'] as readonly unknown[]).flatMap((resource) => {
      if (!isRecord(resource)) return [];
      const id = publicUrl(resource['@id'], urls);
      return id === undefined ? [] : [{ ...resource, '@id': id }];
    });
    return JSON.stringify({ ...index.value, resources });
  },
};

function publicUrl(id: unknown, urls: PublicUrls): string | undefined {
  // What dot segments make of it would be known only to whoever follows it.
  if (typeof id !== 'string' || /\/\.{1,2}(?:\/|$)|[\\%?#\s]/.test(id)) return undefined;
  return urls.of(id) ?? (urls.leadsToStorage(id) ? id : undefined);
}
