import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';

/**
 * Returns a function that maps an operation to the equal operations under all names of its resource. GitLab
 * URLs name a project by id or path, and the caller's credential proves both for its own project (`id:NN` and
 * the path). For other projects only the configuration can relate an id to a path (`issuers.X.projects`).
 */
export function ownProjectNames(
  serviceType: string,
  claims: Claims,
  pathClaims: readonly string[],
): (operation: Operation) => readonly Operation[] {
  if (serviceType !== 'gitlab') return onlyItself;
  const path = pathClaims.includes('project_path') ? scalarClaim(claims, 'project_path') : undefined;
  const number = scalarClaim(claims, 'project_id');
  if (path === undefined || number === undefined) return onlyItself;
  const names = [path, `id:${number}`];
  return (operation) =>
    operation.extent === 'one' && names.includes(operation.resource)
      ? names.map((resource) => ({ ...operation, resource }))
      : [operation];
}

function onlyItself(operation: Operation): readonly Operation[] {
  return [operation];
}
