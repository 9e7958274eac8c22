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
  const { objects: batch, ...others } = json.value;
  // To git-lfs, `Objects` are the objects.
  const otherFindings: Findings = { own: false, invalid: false };
  const rewrittenOthers = walk(others, urls, otherFindings, 0);
  if (otherFindings.invalid || !isRecord(rewrittenOthers)) return undefined;
  const objects: unknown[] = [];
  for (const object of batch as readonly unknown[]) {
    const findings: Findings = { own: false, invalid: false };
    const rewritten = walk(object, urls, findings, 0);
    if (findings.invalid || !isRecord(rewritten)) return undefined;
    const { authenticated, ...rest } = rewritten;
    // It speaks of all that the object leads to.
    objects.push(findings.own || authenticated === undefined ? rest : { ...rest, authenticated });
  }
  return JSON.stringify({ ...rewrittenOthers, objects });
}

interface Findings {
  own: boolean;
  invalid: boolean;
}

/** An action is whatever has an `href` or a `header`, wherever a server puts it, and as git-lfs reads it: in any case of letters. */
function walk(value: unknown, urls: PublicUrls, findings: Findings, depth: number): unknown {
  if (depth > MAX_DEPTH) findings.invalid = true;
  if (findings.invalid) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => walk(item, urls, findings, depth + 1));
  if (!isRecord(value)) return value;
  if (Object.keys(value).some((name) => ACTION_MEMBERS.has(name.toLowerCase())))
    return action(value, urls, findings);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, walk(member, urls, findings, depth + 1)]),
  );
}

const MAX_DEPTH = 16;
const ACTION_MEMBERS: ReadonlySet<string> = new Set(['href', 'header']);

function action(value: Readonly<Record<string, unknown>>, urls: PublicUrls, findings: Findings): unknown {
  const { href, header, ...rest } = value;
  const spelled = Object.keys(rest).some((name) => ACTION_MEMBERS.has(name.toLowerCase()));
  if (typeof href !== 'string' || spelled) {
    findings.invalid = true;
    return undefined;
  }
  const publicUrl = urls.of(href);
  if (publicUrl === undefined) {
    // With a header that is good elsewhere, nobody is sent to where nobody said that clients may go.
    if (!urls.leadsToStorage(href)) findings.invalid = true;
    return value;
  }
  findings.own = true;
  return { ...rest, href: publicUrl, ...(isRecord(header) ? { header: safeHeaders(header) } : {}) };
}

/** What says how to talk, not who talks. */
const SAFE_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'transfer-encoding']);

function safeHeaders(header: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(header).filter(([name]) => SAFE_HEADERS.has(name.toLowerCase())));
}
