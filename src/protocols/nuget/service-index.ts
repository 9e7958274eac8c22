import type { DocumentRewrite, PublicUrls } from '../../core/request/protocol.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';

/**
 * The service index (NuGet Server API, "Service index") lists the URLs of all other resources. NuGet sends
 * the credential of the source to any of these hosts that challenges, so resources outside the gateway are
 * removed. An index that cannot be parsed is not relayed, with any media type.
 */
export const SERVICE_INDEX: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 256 * 1024,
  rewrite(document, urls) {
    const index = parseJsonObject(Buffer.from(document, 'utf8'));
    if (index.kind === 'invalid' || !Array.isArray(index.value['resources'])) return undefined;
    const resources = (index.value['resources'] as readonly unknown[]).flatMap((resource) => {
      if (!isRecord(resource)) return [];
      const id = publicUrl(resource['@id'], urls);
      return id === undefined ? [] : [{ ...resource, '@id': id }];
    });
    return JSON.stringify({ ...index.value, resources });
  },
};

function publicUrl(id: unknown, urls: PublicUrls): string | undefined {
  // Clients resolve dot segments differently.
  if (typeof id !== 'string' || /\/\.{1,2}(?:\/|$)|[\\%?#\s]/.test(id)) return undefined;
  return urls.of(id) ?? (urls.leadsToStorage(id) ? id : undefined);
}
