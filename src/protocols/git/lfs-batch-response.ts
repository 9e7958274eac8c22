import type { PublicUrls } from '../../core/request/protocol.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';

/**
 * The answer to a batch as clients may have it (git-lfs, docs/api/batch.md): what leads to the upstream leads to the gateway, and
 * without what the upstream would have them show there. Whoever is told nothing of a credential asks for one of its own.
 * What leads to storage that the configuration names stays as it is, with the headers that are signed for it.
 */
export function rewriteLfsBatch(document: string, urls: PublicUrls): string | undefined {
  const json = parseJsonObject(Buffer.from(document, 'utf8'));
  if (json.kind === 'problem' || !Array.isArray(json.value['objects'])) return undefined;
  const { objects: listed, ...others } = json.value;
  // To git-lfs, `Objects` are the objects.
  const beside: Found = { ours: false, unusable: false };
  const rewrittenOthers = walk(others, urls, beside, 0);
  if (beside.unusable || !isRecord(rewrittenOthers)) return undefined;
  const objects: unknown[] = [];
  for (const object of listed as readonly unknown[]) {
    const found: Found = { ours: false, unusable: false };
    const rewritten = walk(object, urls, found, 0);
    if (found.unusable || !isRecord(rewritten)) return undefined;
    const { authenticated, ...rest } = rewritten;
    // It speaks of all that the object leads to.
    objects.push(found.ours || authenticated === undefined ? rest : { ...rest, authenticated });
  }
  return JSON.stringify({ ...rewrittenOthers, objects });
}

interface Found {
  ours: boolean;
  unusable: boolean;
}

/** An action is whatever has an `href` or a `header`, wherever a server puts it, and as git-lfs reads it: in any case of letters. */
function walk(value: unknown, urls: PublicUrls, found: Found, depth: number): unknown {
  if (depth > DEEPEST) found.unusable = true;
  if (found.unusable) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => walk(item, urls, found, depth + 1));
  if (!isRecord(value)) return value;
  if (Object.keys(value).some((name) => OF_AN_ACTION.has(name.toLowerCase())))
    return action(value, urls, found);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, walk(member, urls, found, depth + 1)]),
  );
}

const DEEPEST = 16;
const OF_AN_ACTION: ReadonlySet<string> = new Set(['href', 'header']);

function action(value: Readonly<Record<string, unknown>>, urls: PublicUrls, found: Found): unknown {
  const { href, header, ...rest } = value;
  const spelled = Object.keys(rest).some((name) => OF_AN_ACTION.has(name.toLowerCase()));
  if (typeof href !== 'string' || spelled) {
    found.unusable = true;
    return undefined;
  }
  const own = urls.of(href);
  if (own === undefined) {
    // With a header that is good elsewhere, nobody is sent to where nobody said that clients may go.
    if (!urls.leadsToStorage(href)) found.unusable = true;
    return value;
  }
  found.ours = true;
  return { ...rest, href: own, ...(isRecord(header) ? { header: harmless(header) } : {}) };
}

/** What says how to talk, not who talks. */
const HARMLESS: ReadonlySet<string> = new Set(['accept', 'content-type', 'transfer-encoding']);

function harmless(header: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(header).filter(([name]) => HARMLESS.has(name.toLowerCase())));
}
