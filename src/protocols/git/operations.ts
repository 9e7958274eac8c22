import type { Operation } from '../../core/request/operation.ts';

export const READ_REPOSITORY = 'read_repository';
export const WRITE_REPOSITORY = 'write_repository';

export function repositoryOperation(scope: string, repository: string): Operation {
  return { scope, resource: repository, extent: 'one' };
}
