import type { Operation } from '../../core/request/operation.ts';
import type { Classification } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { repositoryOf } from '../git/names.ts';
import { unknownOperation } from '../shared/package-operations.ts';
import type { ApiMethod } from './endpoints/endpoint.ts';
import { findSharedEndpoint } from './endpoints/shared-packages.ts';
import { classifyListed } from './listed-endpoint.ts';
import type { SecondProjectSettings } from './second-project.ts';

/**
 * Classifies requests for packages of a group or of the whole instance, which can belong to any project in it. `rest`:
 * the path below `/api/v4/`.
 */
export function classifySharedPackages(
  head: RequestHead,
  { rest, method }: { readonly rest: string; readonly method: ApiMethod },
  projectOf: SecondProjectSettings['projectOf'],
): Classification {
  const found = findSharedEndpoint(rest, method);
  if (found.kind !== 'listed') return unknownOperation('an API path without a project');
  const operations = operationsOn(found.scope, rest, projectOf);
  if (operations === undefined) return unknownOperation('not the path of a group, or of a project in it');
  const [own, ...others] = operations;
  const classified = classifyListed(head, found.endpoint, own, projectOf);
  switch (classified.kind) {
    case 'operations':
      return { ...classified, operations: [...classified.operations, ...others] };
    case 'in-body':
      return unknownOperation('a form as the body of a request that reads packages');
    default:
      return classified;
  }
}

/** The number of a project in the pool of a group's Debian packages. GitLab does not check that it is in the group. */
const POOLED = /^[^/]+\/[^/]+\/-\/packages\/debian\/pool\/[^/]+\/([^/]+)/;

/** Packages of the instance need a grant for every project. Undefined if the path names no group or project. */
function operationsOn(
  scope: string,
  rest: string,
  projectOf: SecondProjectSettings['projectOf'],
): readonly [Operation, ...Operation[]] | undefined {
  const [, group] = /^groups?\/([^/]+)\//.exec(rest) ?? [];
  if (group === undefined) return [{ scope, resource: '', extent: 'every' }];
  const resources = resourcesIn(group);
  if (resources === undefined) return undefined;
  const on = (resource: string): Operation => ({ scope, resource, extent: 'one' });
  const [direct, nested] = resources;
  const [, number] = POOLED.exec(rest) ?? [];
  if (number === undefined) return [on(direct), on(nested)];
  const project = projectOf(number);
  return project === undefined ? undefined : [on(direct), on(nested), on(project)];
}

/**
 * A name directly in the group and one below a subgroup, which no project has (`-` is reserved): a grant for all
 * projects of the group (`GROUP/**`) contains both, and one for projects on a single level does not.
 */
function resourcesIn(group: string): readonly [direct: string, nested: string] | undefined {
  const path = group.replaceAll(/%2f/gi, '/');
  const name = /^[1-9]\d{0,14}$/.test(group) ? `group:${group}` : path;
  const valid = !/^\d+$/.test(path) || name !== path;
  return valid && repositoryOf(`${path}/x`) === `${path}/x` ? [`${name}/-`, `${name}/-/packages`] : undefined;
}
