import { deny, type Deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { BodyCheck } from './endpoints/endpoint.ts';
import type { Parameter } from './parameters.ts';
import { textReaches } from './text-commands.ts';

/**
 * The scope without which an endpoint outside the allow list, and parameters that no policy can decide, are
 * refused.
 */
export const ADMIN: Operation = { scope: 'admin_api', resource: '', extent: 'every' };

/**
 * The meaning of a parameter. `source`: a project that is copied from. `target`: a project that the request
 * acts on. `beyond`: a group, or an object by an id of the whole instance, whose project a policy cannot
 * know. `identity`: another caller or another method.
 */
type Naming = 'source' | 'target' | 'beyond' | 'identity';

/**
 * GitLab REST API, parameters of the listed endpoints; and names under which other endpoints take a project
 * or group.
 */
const NAMINGS: ReadonlyMap<string, Naming> = new Map<string, Naming>([
  ...names('source', [
    'start_project',
    'from_project',
    'from_project_id',
    'source_project',
    'source_project_id',
  ]),
  ...names('source', ['forked_from_id', 'forked_from_project_id', 'template_project_id']),
  ...names('target', ['project', 'project_id', 'project_path', 'target_project', 'target_project_id']),
  ...names('target', ['to_project', 'to_project_id']),
  ...names('beyond', ['namespace', 'namespace_id', 'namespace_path', 'target_namespace']),
  ...names('beyond', ['group', 'group_id', 'group_path', 'epic_id', 'epic_iid', 'cluster_agent_id']),
  ...names('beyond', ['blocking_merge_request_id', 'move_after_id', 'move_before_id']),
  // Rendered text contains the titles of issues and merge requests that it refers to, in any project.
  ...names('beyond', ['render_html', 'include_html_description']),
  ...names('identity', ['sudo', '_method', 'private_token', 'job_token', 'access_token']),
]);

/** A query without one of these words has no such parameter. */
const HINT = /project|forked|namespace|group|epic|agent|merge_request_id|move_|html|%/i;

export function mayNameProject(query: string): boolean {
  return query !== '' && HINT.test(query);
}

export interface SecondProjectSettings {
  /** The scope of the endpoint and method. */
  readonly scope: string;
  readonly check: BodyCheck | undefined;
  /** A number or a path, as the resource of a policy; undefined if it is neither. */
  readonly projectOf: (text: string) => string | undefined;
}

/** Other projects that one request may name. */
const MAX_PROJECTS = 20;

/**
 * The operations that the parameters of a body add to a request, or the reason why they cannot be decided.
 * Without a check only parameters of `identity` are read, because the gateway cannot remove them from a body.
 */
export function bodyOperations(
  parameters: readonly Parameter[],
  settings: SecondProjectSettings,
): readonly Operation[] | Deny {
  const foreign = parameters.find(({ names: [first = ''] }) => NAMINGS.get(first) === 'identity');
  if (foreign !== undefined) return malformed(`the parameter ${foreign.names[0]} in a body`);
  return settings.check === undefined ? [] : queryOperations(parameters, settings);
}

/** The same for a query: the gateway removes parameters of `identity` from it. */
export function queryOperations(
  parameters: readonly Parameter[],
  { scope, check, projectOf }: SecondProjectSettings,
): readonly Operation[] | Deny {
  const operations = new Map<string, Operation>();
  for (const { names: own, value } of parameters) {
    if (check !== undefined) {
      if (value === undefined || value.includes('\0')) return malformed('a parameter that is not text');
      if (textReaches(check, value)) operations.set('', ADMIN);
    }
    for (const name of own) {
      const naming = NAMINGS.get(name);
      if (naming === undefined || naming === 'identity') continue;
      if (naming === 'beyond') {
        operations.set('', ADMIN);
        continue;
      }
      const resource = value === undefined ? undefined : projectOf(value);
      if (resource === undefined) return malformed(`a parameter ${name} that names no project`);
      const needed = naming === 'source' ? 'read_api' : scope;
      operations.set(`${needed} ${resource}`, { scope: needed, resource, extent: 'one' });
      if (operations.size > MAX_PROJECTS) return malformed('too many other projects');
    }
  }
  return [...operations.values()];
}

function malformed(detail: string): Deny {
  return deny('request_malformed', detail);
}

function names(naming: Naming, list: readonly string[]): [string, Naming][] {
  return list.map((name) => [name, naming]);
}
