import { parameterName, queryParts } from '../../util/http/query-parameters.ts';

/** Query parameters that GitLab reads as credentials (GitLab REST docs). */
export const CREDENTIAL_PARAMETERS: readonly string[] = ['private_token', 'job_token', 'access_token'];

/** Impersonation (`sudo`) and method overrides (`_method`; ASP.NET MVC). */
const OVERRIDES: readonly string[] = ['sudo', '_method', 'x-http-method-override'];

const ALWAYS_REMOVED: readonly string[] = [...CREDENTIAL_PARAMETERS, ...OVERRIDES];

/** Fast check: a query without a match contains none of these parameters. */
const SUSPICIOUS = /token|sudo|method|%/i;

/** Removes parameters from a query that is empty or starts with `?`. */
export type CleanQuery = (query: string) => string;

/** `credentialSources`: additional parameters that the service type reads as credentials. */
export function createQueryCleaner(credentialSources: readonly string[]): CleanQuery {
  const removed = new Set([...ALWAYS_REMOVED, ...credentialSources]);
  return (query) => {
    if (query === '' || !SUSPICIOUS.test(query)) return query;
    const kept = queryParts(query).filter(({ text }) => !removed.has(parameterName(text)));
    const joined = kept.map(({ text, separator }, index) => (index === 0 ? text : separator + text)).join('');
    return joined === '' ? '' : `?${joined}`;
  };
}

/** The kind of the first parameter that `createQueryCleaner` would remove; undefined if there is none. */
export function createRemovedParameter(
  credentialSources: readonly string[],
): (query: string) => 'credential' | 'override' | undefined {
  const credentials = new Set([...CREDENTIAL_PARAMETERS, ...credentialSources]);
  return (query) => {
    if (query === '' || !SUSPICIOUS.test(query)) return undefined;
    for (const { text } of queryParts(query)) {
      const name = parameterName(text);
      if (credentials.has(name)) return 'credential';
      if (OVERRIDES.includes(name)) return 'override';
    }
    return undefined;
  };
}

/** The userinfo of a URL with or without a scheme. */
const USER = /^((?:[a-z][a-z0-9+.-]*:)?\/\/)[^/?]*@/i;

/** Cleans an absolute or relative URL (Referer, Location). A fragment that may contain a token is removed. */
export function stripCredentials(url: string, clean: CleanQuery): string {
  const hash = url.indexOf('#');
  // RFC 9110 §10.1.3: a Referer contains no userinfo.
  const target = (hash === -1 ? url : url.slice(0, hash)).replace(USER, '$1');
  const question = target.indexOf('?');
  const query = question === -1 ? '' : target.slice(question);
  const fragment = hash === -1 || SUSPICIOUS.test(url.slice(hash)) ? '' : url.slice(hash);
  return (question === -1 ? target : target.slice(0, question)) + clean(query) + fragment;
}
