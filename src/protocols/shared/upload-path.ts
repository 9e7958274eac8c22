import type { RequestHead } from '../../core/request/request-head.ts';

/**
 * The path without the matrix parameters at its end (`acme_1.0_all.deb;deb.component=main`, JFrog "Debian
 * Repositories"). Undefined if another segment contains `;`: servers could then find another file name.
 */
export function uploadPath(
  { method, pathParameters }: Pick<RequestHead, 'method' | 'pathParameters'>,
  path: string,
): string | undefined {
  if (pathParameters !== true) return path;
  const start = path.indexOf(';');
  return method === 'PUT' && !path.includes('/', start) ? path.slice(0, start) : undefined;
}
