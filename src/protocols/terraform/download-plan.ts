import type { DocumentRewrite, PublicUrls, RoutePlan } from '../../core/request/protocol.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';

/** Clients send no credential to these URLs. A document that cannot be rewritten is not relayed, with any media type. */
function downloadPlan(maxBytes: number, rewrite: Rewrite): RoutePlan {
  const document: DocumentRewrite = {
    kind: 'document',
    types: 'any',
    maxBytes,
    rewrite(text, urls) {
      const json = parseJsonObject(Buffer.from(text, 'utf8'));
      const rewritten = json.kind === 'object' ? rewrite(json.value, urls) : undefined;
      return rewritten && JSON.stringify(rewritten);
    },
  };
  return { tickets: true, rewrite: document };
}

type Members = Readonly<Record<string, unknown>>;
type Rewrite = (document: Members, urls: PublicUrls) => Members | undefined;

const KIB = 1024;

/** The source of a module: `X-Terraform-Get`, or `location` in the body ("Module Registry Protocol"). */
export const DOWNLOAD = downloadPlan(64 * KIB, (document, urls) => {
  const { location } = document;
  // An empty body member makes Terraform read the header, which the gateway rewrites, too.
  if (location === '') return withUrls(document, [], urls);
  // Other sources, such as `git::` or a host without scheme, lead past the gateway.
  if (typeof location === 'string' && !/^(?:https?:\/\/|\.{0,2}\/)/i.test(location)) return undefined;
  return withUrls(document, ['location'], urls);
});

/** The files of one platform of a provider ("Provider Registry Protocol"). Hashes and keys stay unchanged. */
export const PROVIDER_PACKAGE = downloadPlan(1024 * KIB, (document, urls) =>
  withUrls(document, ['download_url', 'shasums_url', 'shasums_signature_url'], urls),
);

/** The archives of one version of a provider, by platform ("Provider Network Mirror Protocol"). */
export const MIRROR_PACKAGES = downloadPlan(1024 * KIB, (document, urls) => {
  const { archives } = document;
  if (!isRecord(archives) || otherSpelling(document, ['archives'])) return undefined;
  const rewritten: [string, Members][] = [];
  for (const [platform, archive] of Object.entries(archives)) {
    const withTicket = isRecord(archive) ? withUrls(archive, ['url'], urls) : undefined;
    if (withTicket === undefined) return undefined;
    rewritten.push([platform, withTicket]);
  }
  return { ...document, archives: Object.fromEntries(rewritten) };
});

/** A ticket for files that follow a ticket: redirects. */
export const FILE: RoutePlan = { tickets: true };

/** Undefined if a URL is not text, or leads to neither the upstream nor its storage. */
function withUrls(document: Members, names: readonly string[], urls: PublicUrls): Members | undefined {
  if (otherSpelling(document, names)) return undefined;
  const rewritten: Record<string, unknown> = { ...document };
  for (const name of names) {
    const url = document[name];
    if (url === undefined || url === null) continue;
    const withTicket = typeof url === 'string' ? urls.withTicket?.(url) : undefined;
    if (withTicket === undefined) return undefined;
    rewritten[name] = withTicket;
  }
  return rewritten;
}

/** Go matches member names by simple case folding: `Location` would be read, too, and U+017F as `s`. */
function otherSpelling(document: Members, names: readonly string[]): boolean {
  const folded = (name: string): string => name.toLowerCase().replaceAll('\u017f', 's');
  return Object.keys(document).some((name) => !names.includes(name) && names.includes(folded(name)));
}
