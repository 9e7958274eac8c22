import type { RequestHead } from '../../core/request/request-head.ts';
import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';

export interface QueryCredential {
  /** Undefined where it is not text. */
  readonly token: string | undefined;
  /** `job_token` says by its name what it carries. */
  readonly isJobToken: boolean;
}

/** Cheap first look: nothing that carries a credential can be there without one of these. */
const SUSPICIOUS = /token|%/i;

/** Every parameter of the query that carries a credential. */
export function queryCredentials(query: RequestHead['query'], names: ReadonlySet<string>): QueryCredential[] {
  if (query === '' || !SUSPICIOUS.test(query)) return [];
  return queryParts(query).flatMap(({ text }) => {
    const name = parameterName(text);
    return names.has(name) ? [{ token: parameterValue(text), isJobToken: name === 'job_token' }] : [];
  });
}
