import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';

/**
 * Parameters with which object stores act on paths in the body. OpenStack Swift: static large objects, bulk operations.
 * Google Cloud Storage XML API: composite objects. S3: DeleteObjects.
 */
const ACTING: ReadonlySet<string> = new Set([
  'multipart-manifest',
  'extract-archive',
  'bulk-delete',
  'compose',
  'delete',
]);

/** Whether a request that is not a read acts on other paths than its own. */
export function actsOnOtherPaths(query: string): boolean {
  if (query === '') return false;
  return queryParts(query).some(({ text }) => {
    const name = parameterName(text);
    // Azure Blob Storage, Blob Batch.
    return ACTING.has(name) || (name === 'comp' && parameterValue(text)?.toLowerCase() === 'batch');
  });
}
