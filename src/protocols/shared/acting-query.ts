import type { UnnamedResource } from '../../core/request/protocol.ts';
import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';

/**
 * Parameters with which servers act on other paths. OpenStack Swift: static large objects, bulk operations.
 * Google Cloud Storage XML API: composite objects. S3: DeleteObjects. Gitea: Maven artifacts under an ambiguous name.
 */
const ACTING: ReadonlySet<string> = new Set([
  'multipart-manifest',
  'extract-archive',
  'bulk-delete',
  'compose',
  'delete',
  'use_legacy_package_name',
]);

/** Why such a request needs a grant for all packages. */
export const OTHER_PATHS: UnnamedResource = { detail: 'the query can make the server act on other paths' };

/** Whether a request that is not a read acts on other paths than its own. */
export function actsOnOtherPaths(query: string): boolean {
  if (query === '') return false;
  return queryParts(query).some(({ text }) => {
    const name = parameterName(text);
    // Azure Blob Storage, Blob Batch.
    return ACTING.has(name) || (name === 'comp' && parameterValue(text)?.toLowerCase() === 'batch');
  });
}
