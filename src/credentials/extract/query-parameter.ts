import type { RequestHead } from '../../core/request/request-head.ts';
import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';

/** A credential in a query parameter. */
export interface QueryCredential {
  /** Undefined if the value is not valid UTF-8. */
  readonly token: string | undefined;
  /** The parameter is named `job_token`. */
  readonly isJobToken: boolean;
}

/** A cheap pre-check: a query without a match contains no credential parameter. */
const MAY_CONTAIN_CREDENTIAL = /token|%/i;

/** Returns the credentials in the query parameters with these names. */
export function queryCredentials(query: RequestHead['query'], names: ReadonlySet<string>): QueryCredential[] {
  if (query === '' || !MAY_CONTAIN_CREDENTIAL.test(query)) return [];
  return queryParts(query).flatMap(({ text }) => {
    const name = parameterName(text);
    return names.has(name) ? [{ token: parameterValue(text), isJobToken: name === 'job_token' }] : [];
  });
}
