import type { PublicUrls } from '../../core/request/protocol.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';

/**
 * Rewrites a batch response (git-lfs, docs/api/batch.md). Actions at the upstream get the gateway's URL and
 * lose the upstream's credentials, so that git-lfs uses the client's own. Actions at configured storage stay
 * unchanged, with their signed headers. Undefined if an action leads to any other host.
 */
export function rewriteLfsBatch(document: string, urls: PublicUrls): string | undefined {
  const json = parseJsonObject(Buffer.from(document, 'utf8'));
  if (json.kind === 'invalid' || !Array.isArray(json.value['objects'])) return undefined;
  const { objects: batch, ...others } = json.value;
  // git-lfs reads member names case-insensitively: `Objects` is the list too.
  const otherFindings: Findings = { own: false, invalid: false };
  const rewrittenOthers = walk(others, urls, otherFindings, 0);
  if (otherFindings.invalid || !isRecord(rewrittenOthers)) return undefined;
  const objects: unknown[] = [];
  for (const object of batch as readonly unknown[]) {
    const findings: Findings = { own: false, invalid: false };
    const rewritten = walk(object, urls, findings, 0);
    if (findings.invalid || !isRecord(rewritten)) return undefined;
    const { authenticated, ...rest } = rewritten;
    // `authenticated` applies to all actions of the object.
    objects.push(findings.own || authenticated === undefined ? rest : { ...rest, authenticated });
  }
  return JSON.stringify({ ...rewrittenOthers, objects });
}

interface Findings {
  own: boolean;
  invalid: boolean;
}

/**
 * Any object with an `href` or `header` member is an action, at any depth and, as in git-lfs, in any letter
 * case.
 */
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
    // The action may carry a credential, so clients are sent only to configured storage.
    if (!urls.leadsToStorage(href)) findings.invalid = true;
    return value;
  }
  findings.own = true;
  return { ...rest, href: publicUrl, ...(isRecord(header) ? { header: safeHeaders(header) } : {}) };
}

/** Headers that are not credentials. */
const SAFE_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'transfer-encoding']);

function safeHeaders(header: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(header).filter(([name]) => SAFE_HEADERS.has(name.toLowerCase())));
}
