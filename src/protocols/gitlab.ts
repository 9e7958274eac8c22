import { CARRIERS } from '../contract/credential.ts';
import type { Classification, Protocol, RefusalBody, RefusalText } from '../contract/protocol.ts';
import type { RequestHead } from '../contract/request-head.ts';
import { parameterName, parameterValue, queryParts } from '../lib/query-parameters.ts';
import { quotedString } from './challenge.ts';
import { gitRefusal } from './git.ts';
import { classifyGit, withBody } from './git-routes.ts';
import { repositoryOf } from './git-names.ts';
import { endpointOf } from './gitlab-endpoints.ts';
import { isRead, unknown } from './package-operations.ts';
import { phraseOf } from './refusal.ts';

export interface GitlabSettings {
  readonly path: string;
  /** Numbers of projects → their paths. */
  readonly projects: ReadonlyMap<string, string>;
}

const API = 'api/v4/';

/** Bytes. A pipeline is triggered with a token, a ref and some variables. */
const LONGEST_FORM = 256 * 1024;

/** A GitLab instance: an enumerated list of its endpoints, each for one project. All else is denied, whoever asks. */
export function gitlabProtocol({ path: prefix, projects }: GitlabSettings): Protocol {
  function classify(head: RequestHead): Classification {
    const rest = head.path.slice(prefix.length);
    return rest.startsWith(API) ? classifyApi(head, rest.slice(API.length)) : classifyGit(head, rest);
  }

  function classifyApi({ method, query, hasBody }: RequestHead, rest: string): Classification {
    if (isRead(method) && hasBody) return withBody();
    const [, id = '', , below = ''] = /^projects\/([^/]+)(\/(.*))?$/.exec(rest) ?? [];
    const project = projectOf(id);
    if (project === undefined) return unknown('a path of the API that names no project');
    const endpoint = endpointOf(below);
    if (endpoint === undefined) return unknown('a path of the API that can be read in two ways');
    const scope = isRead(method) ? endpoint.read : WRITES.has(method) ? endpoint.write : undefined;
    if (scope === undefined) return unknown(`${method} on ${endpoint.name}`);
    const others = othersIn(query);
    if (others === undefined) return unknown('a second project that has no name');
    const resources = [...new Set([project, ...others])];
    return {
      kind: 'operations',
      operations: resources.map((resource) => ({ scope, resource, extent: 'one' })),
      ...(endpoint.rewrite !== undefined ? { plan: { rewrite: endpoint.rewrite } } : {}),
      ...(endpoint.form === true ? { form: { field: 'token', maxBytes: LONGEST_FORM } } : {}),
    };
  }

  /** `:id` of GitLab's API: a number, or the whole path with its slashes encoded. */
  function projectOf(id: string): string | undefined {
    if (/^[1-9]\d{0,14}$/.test(id)) return projects.get(id) ?? `id:${id}`;
    const path = id.replaceAll(/%2f/gi, '/');
    return path.includes('/') && !path.endsWith('.git') ? repositoryOf(path) : undefined;
  }

  /** Projects that a query names beside the one of the path; undefined where one of them is none. */
  function othersIn(query: string): readonly string[] | undefined {
    const found = queryParts(query)
      .filter(({ text }) => OTHER_PROJECT.has(parameterName(text)))
      .map(({ text }) => projectOf(parameterValue(text) ?? ''));
    return found.every((name) => name !== undefined) ? found : undefined;
  }

  return {
    carriers: CARRIERS,
    queryCarriers: ['token'],
    encodedSlash: true,
    classify,
    challenge: ({ host, status }) => (status === 403 ? undefined : `Basic realm=${quotedString(host)}`),
    refusal: (text, accept) =>
      text.head?.path.slice(prefix.length).startsWith(API) === true
        ? apiRefusal(text)
        : gitRefusal(text, accept),
  };
}

/** Of what it is compared with (`repository/compare`), merged into, moved or linked to. */
const OTHER_PROJECT: ReadonlySet<string> = new Set(['from_project_id', 'target_project_id', 'to_project_id']);

const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** GitLab's own form, with a phrase for the clients of packages that print nothing else. */
function apiRefusal({ error, message, requestId }: RefusalText): RefusalBody {
  return {
    contentType: 'application/json',
    body: `${JSON.stringify({ message, error, request_id: requestId })}\n`,
    phrase: phraseOf(message, error),
  };
}
