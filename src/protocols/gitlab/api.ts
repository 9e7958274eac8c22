import { deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type {
  RequestedOperations,
  Classification,
  CredentialForm,
  RoutePlan,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';
import { repositoryOf } from '../git/names.ts';
import { bodyOnRead } from '../git/routes.ts';
import { API_METHODS, type ApiMethod, type GitlabEndpoint } from './endpoints/endpoint.ts';
import { findEndpoint } from './endpoints/endpoints.ts';
import { bodyParameters, queryParameters } from './parameters.ts';
import { SHOWS_PROJECT, WITHOUT_RUNNERS_TOKEN } from './project-document.ts';
import { ADMIN, bodyOperations, mayNameProject, queryOperations } from './second-project.ts';

/** Bytes of a body that is buffered before the decision. */
const MAX_BODY = 256 * 1024;

/** The token that triggers a pipeline. */
const TRIGGER_FORM: CredentialForm = { field: 'token', maxBytes: MAX_BODY };

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
    const [, id = '', , below = ''] = /^projects\/([^/]+)(\/(.*))?$/.exec(rest) ?? [];
    const project = projectOf(id);
    if (project === undefined) return unknownOperation('a path of the API that names no project');
    const effective = method === 'HEAD' ? 'GET' : method;
    if (!isApiMethod(effective)) return unknownOperation(`${method} on the API`);
    const found = findEndpoint(below, effective);
    switch (found.kind) {
      case 'listed':
        return listed(head, found.endpoint, { scope: found.scope, resource: project, extent: 'one' });
      case 'unlisted':
        return requested([ADMIN], SHOWS_PROJECT.has(below) ? { rewrite: WITHOUT_RUNNERS_TOKEN } : undefined);
      case 'never':
        return unknownOperation('an endpoint that is never forwarded');
      case 'ambiguous':
        return unknownOperation('a path of the API that can be read in two ways');
      default:
        return found satisfies never;
    }
  };

  function listed(head: RequestHead, endpoint: GitlabEndpoint, own: Operation): Classification {
    const { method, query, hasBody, rawHeaders } = head;
    const { rewrite, form } = endpoint;
    const check = isRead(method) ? undefined : endpoint.body;
    const settings = { scope: own.scope, check, projectOf };
    let operations: readonly Operation[] = [own];
    if (query !== '' && (check !== undefined || mayNameProject(query))) {
      const others = queryOperations(queryParameters(query), settings);
      if ('kind' in others) return others;
      operations = [own, ...others.filter((other) => !isSame(own, other))];
    }
    const plan = rewrite === undefined ? undefined : { rewrite };
    if (!hasBody || (check === undefined && !hidesMethod(head, endpoint)))
      return requested(operations, plan, form === true ? TRIGGER_FORM : undefined);
    return {
      kind: 'in-body',
      oneOf: [own],
      part: 'whole',
      maxBytes: MAX_BODY,
      read(bytes) {
        const read = bodyParameters(rawHeaders, bytes);
        if (read.kind === 'problem') return deny('request_malformed', `a body that ${read.problem}`);
        const others = bodyOperations(read.parameters, settings);
        if ('kind' in others) return others;
        const more = others.filter((other) => !operations.some((known) => isSame(known, other)));
        return requested([...operations, ...more], plan);
      },
    };
  }
}

function isApiMethod(method: string): method is ApiMethod {
  return METHODS.has(method);
}

/** A form that is sent with POST can have any other method in its field `_method` (Rack::MethodOverride). */
function hidesMethod({ method, rawHeaders }: RequestHead, { upload, form }: GitlabEndpoint): boolean {
  if (method !== 'POST' || upload === true || form === true) return false;
  const types: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (foldHeaderName(rawHeaders[i] ?? '') === 'content-type') types.push(rawHeaders[i + 1] ?? '');
  }
  const [type = '', ...others] = types;
  return others.length > 0 || !MEDIA_TYPE.test(type) || FORM.test(type);
}

/** Rack takes a body without a type for a form. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+ *(?:;|$)/;
const FORM = /^(?:application\/x-www-form-urlencoded|multipart\/)/i;

function isSame(a: Operation, b: Operation): boolean {
  return a.scope === b.scope && a.resource === b.resource;
}

function requested(
  operations: readonly Operation[],
  plan?: RoutePlan,
  form?: CredentialForm,
): RequestedOperations {
  return {
    kind: 'operations',
    operations,
    ...(plan === undefined ? {} : { plan }),
    ...(form === undefined ? {} : { form }),
  };
}
