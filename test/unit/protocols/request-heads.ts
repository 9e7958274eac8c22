import type { RefusalText } from '../../../src/core/request/protocol.ts';
import type { RequestHead } from '../../../src/core/request/request-head.ts';

/** Makes request heads as the listener passes them on. `prefix` precedes every target; a target may have a query. */
export function headsAt(host: string, prefix = ''): (method: string, target: string) => RequestHead {
  return (method, target) => {
    const [path = '', query] = target.split('?');
    return {
      method,
      host,
      path: `${prefix}${path}` as RequestHead['path'],
      query: query === undefined ? '' : `?${query}`,
      hasBody: false,
      rawHeaders: [],
    };
  };
}

/** A refusal before a protocol formats it. */
export const SCOPE_NOT_GRANTED: RefusalText = {
  status: 403,
  error: 'scope_not_granted',
  message: 'Why.',
  requestId: 'r-1',
  operations: [],
};
