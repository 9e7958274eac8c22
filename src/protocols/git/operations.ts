import type { Operation } from '../../core/request/operation.ts';

export const READ = 'read_repository';
export const WRITE = 'write_repository';

export function repositoryOperation(scope: string, repository: string): Operation {
  return { scope, resource: repository, extent: 'one' };
}
