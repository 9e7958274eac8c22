import type { Operation } from '../../core/request/operation.ts';
import type { RequestHead } from '../../core/request/request-head.ts';

export interface PathSettings {
  /** Public path prefix of the service; starts and ends with `/`. */
  readonly path: string;
  readonly pathParameters?: 'refuse' | 'keep' | undefined;
}

export function keepsPathParameters({ pathParameters }: PathSettings): boolean {
  return pathParameters === 'keep';
}

/** Removes `;…` from every segment, as servlet containers do (Jakarta Servlet 6.1 §3.5, matrix parameters). */
export function withoutPathParameters(path: string): string {
  return path.replaceAll(/;[^/]*/g, '');
}

/**
 * The readings of a resource with `;`: with the parameters as part of the name, and without them. Servers differ, so
 * both must be granted.
 */
export function readingsOf(
  { pathParameters }: Pick<RequestHead, 'pathParameters'>,
  resource: string,
): readonly [literal: string, ...others: string[]] {
  return pathParameters === true ? [resource, withoutPathParameters(resource)] : [resource];
}

/** One operation for each reading of the resource. */
export function operationsOn(scope: string, resources: readonly string[]): readonly Operation[] {
  return [...new Set(resources)].map((resource) => ({ scope, resource, extent: 'one' }));
}
