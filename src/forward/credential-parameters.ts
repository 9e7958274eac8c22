/**
 * Query parameters that must not reach an upstream: carriers of credentials (GitLab REST docs), and those with
 * which a request becomes somebody else's or another method's.
 */
const REMOVED: ReadonlySet<string> = new Set([
  'private_token',
  'job_token',
  'access_token',
  'sudo',
  '_method',
]);

/** Cheap first look: nothing of the above can be there without one of these. */
const SUSPICIOUS = /token|sudo|_method|%/i;

/** Takes the parameters out of a query that starts with `?`, or is empty. */
export function cleanQuery(query: string): string {
  if (query === '' || !SUSPICIOUS.test(query)) return query;
  // Some servers split at `;` too.
  const parts = query.slice(1).split(/([&;])/);
  let kept = '';
  for (let i = 0; i < parts.length; i += 2) {
    const part = parts[i] ?? '';
    if (REMOVED.has(parameterName(part))) continue;
    kept += kept === '' ? part : `${parts[i - 1] ?? '&'}${part}`;
  }
  return kept === '' ? '' : `?${kept}`;
}

/** The same for a whole URL, absolute or not (Referer, Location); its fragment may be an answer with a token, and goes. */
export function stripCredentials(url: string): string {
  const hash = url.indexOf('#');
  const target = hash === -1 ? url : url.slice(0, hash);
  const question = target.indexOf('?');
  const query = question === -1 ? '' : target.slice(question);
  const fragment = hash === -1 || SUSPICIOUS.test(url.slice(hash)) ? '' : url.slice(hash);
  return (question === -1 ? target : target.slice(0, question)) + cleanQuery(query) + fragment;
}

/** As Rack and PHP read it: decoded, `a[b]` is `a`, leading blanks do not count. */
function parameterName(part: string): string {
  const raw = part.split('=', 1)[0] ?? '';
  let name = raw.replaceAll('+', ' ');
  try {
    name = decodeURIComponent(name);
  } catch {
    // Not UTF-8: an upstream may still read the bytes that are plain, so they are compared as they stand.
  }
  const base = name.trim().toLowerCase().split('[', 1)[0] ?? '';
  // PHP reads `.` and ` ` in a name as `_`.
  return base.replaceAll(/[. ]/g, '_');
}
