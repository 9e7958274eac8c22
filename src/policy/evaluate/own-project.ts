import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';

/**
 * On a GitLab, whose URLs give a project by its number or its path, the caller's own project has two names: `id:NN` and the path.
 * Another project's number is somebody else's word, which only the configuration can give (`issuers.X.projects`).
 */
export function ownProjectNames(
  serviceType: string,
  claims: Claims,
  pathClaims: readonly string[],
): (operation: Operation) => readonly Operation[] {
  const path = pathClaims.includes('project_path') ? scalarClaim(claims, 'project_path') : undefined;
  const number = scalarClaim(claims, 'project_id');
  if (serviceType !== 'gitlab' || path === undefined || number === undefined)
    return (operation) => [operation];
  const names = [path, `id:${number}`];
  return (operation) =>
    operation.extent === 'one' && names.includes(operation.resource)
      ? names.map((resource) => ({ ...operation, resource }))
      : [operation];
}
