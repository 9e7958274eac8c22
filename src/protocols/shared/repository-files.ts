import type { RequestHead } from '../../core/request/request-head.ts';
import type { Classification } from '../../core/request/protocol.ts';
import { actsOnOtherPaths, OTHER_PATHS } from './acting-query.ts';
import { isRead, unknownOperation, unnamedPackage } from './package-operations.ts';
import { uploadPath } from './upload-path.ts';

export interface RepositoryFiles {
  readonly read: (segments: readonly string[]) => Classification;
  readonly write: (segments: readonly string[], head: RequestHead) => Classification;
}

/** Classifies a request to a repository of files below `base`; only uploads can have path parameters. */
export function classifyFiles(
  base: string,
  head: RequestHead,
  { read, write }: RepositoryFiles,
): Classification {
  const rest = head.path.slice(base.length);
  if (isRead(head.method)) {
    if (head.pathParameters === true) return unknownOperation('path parameters of a read');
    return read(rest.split('/'));
  }
  const path = uploadPath(head, rest);
  if (path === undefined) return unknownOperation('path parameters outside the name of an uploaded file');
  if (actsOnOtherPaths(head.query)) return unnamedPackage(OTHER_PATHS);
  return write(path.split('/'), head);
}
