import type { Classification } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';
import { repositoryOf } from '../git/names.ts';
import { bodyOnRead } from '../shared/body-on-read.ts';
import { API_METHODS, type ApiMethod } from './endpoints/endpoint.ts';
import { findEndpoint } from './endpoints/endpoints.ts';
import { apiOperations, classifyListed } from './listed-endpoint.ts';
import { SHOWS_PROJECT, WITHOUT_RUNNERS_TOKEN } from './project-document.ts';
import { ADMIN } from './second-project.ts';
import { classifySharedPackages } from './shared-packages.ts';

const PROJECT = /^projects\/([^/]+)(\/(.*))?$/;

const METHODS: ReadonlySet<string> = new Set(API_METHODS);

/** Classifies requests below `/api/v4/`. `projects`: project ids → paths. */
export function classifyApi(
  projects: ReadonlyMap<string, string>,
): (head: RequestHead, rest: string) => Classification {
  /** `:id` of GitLab's API: a number, or the whole path with its slashes encoded. */
  function projectOf(id: string): string | undefined {
    if (/^[1-9]\d{0,14}$/.test(id)) return projects.get(id) ?? `id:${id}`;
    const path = id.replaceAll(/%2f/gi, '/');
    return path.includes('/') && !path.endsWith('.git') ? repositoryOf(path) : undefined;
  }

  return function classify(head, rest) {
    const { method, hasBody } = head;
    if (isRead(method) && hasBody) return bodyOnRead();
    const effective = method === 'HEAD' ? 'GET' : method;
    if (!isApiMethod(effective)) return unknownOperation(`${method} on the API`);
    const [, id = '', , below = ''] = PROJECT.exec(rest) ?? [];
    if (id === '') return classifySharedPackages(head, { rest, method: effective }, projectOf);
    const project = projectOf(id);
    if (project === undefined) return unknownOperation('an API path without a project');
    const found = findEndpoint(below, effective);
    switch (found.kind) {
      case 'listed':
        return classifyListed(
          head,
          found.endpoint,
          { scope: found.scope, resource: project, extent: 'one' },
          projectOf,
        );
      case 'unlisted':
        return apiOperations(
          [ADMIN],
          SHOWS_PROJECT.has(below) ? { rewrite: WITHOUT_RUNNERS_TOKEN } : undefined,
        );
      case 'never':
        return unknownOperation('an endpoint that is never forwarded');
      case 'ambiguous':
        return unknownOperation('an ambiguous API path');
      default:
        return found satisfies never;
    }
  };
}

function isApiMethod(method: string): method is ApiMethod {
  return METHODS.has(method);
}
