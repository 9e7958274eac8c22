import { parameterName, queryParts } from '../../util/http/query-parameters.ts';

/** Query parameters that carry credentials to whoever reads them (GitLab REST docs). */
export const CREDENTIAL_PARAMETERS: readonly string[] = ['private_token', 'job_token', 'access_token'];

/** What must not reach an upstream: those, and with which a request becomes somebody else's or another method's. */
const ALWAYS_REMOVED: readonly string[] = [...CREDENTIAL_PARAMETERS, 'sudo', '_method'];

/** Cheap first look: nothing of the above can be there without one of these. */
const SUSPICIOUS = /token|sudo|method|%/i;

/** Takes parameters out of a query that starts with `?`, or is empty. */
export type CleanQuery = (query: string) => string;

/** `credentialSources`: what the service's type reads as a credential beside those that are removed everywhere. */
export function createQueryCleaner(credentialSources: readonly string[]): CleanQuery {
  const removed = new Set([...ALWAYS_REMOVED, ...credentialSources]);
  return (query) => {
    if (query === '' || !SUSPICIOUS.test(query)) return query;
    const kept = queryParts(query).filter(({ text }) => !removed.has(parameterName(text)));
    const joined = kept.map(({ text, separator }, index) => (index === 0 ? text : separator + text)).join('');
    return joined === '' ? '' : `?${joined}`;
  };
}

/** In front of an authority, with its scheme or without. */
const USER = /^((?:[a-z][a-z0-9+.-]*:)?\/\/)[^/?]*@/i;

/** The same for a whole URL, absolute or not (Referer, Location); its fragment may be an answer with a token, and goes. */
export function stripCredentials(url: string, clean: CleanQuery): string {
  const hash = url.indexOf('#');
  // RFC 9110 §10.1.3: a Referer has no user in it.
  const target = (hash === -1 ? url : url.slice(0, hash)).replace(USER, '$1');
  const question = target.indexOf('?');
  const query = question === -1 ? '' : target.slice(question);
  const fragment = hash === -1 || SUSPICIOUS.test(url.slice(hash)) ? '' : url.slice(hash);
  return (question === -1 ? target : target.slice(0, question)) + clean(query) + fragment;
}
