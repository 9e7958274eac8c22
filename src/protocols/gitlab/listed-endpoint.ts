import { deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type {
  Classification,
  CredentialForm,
  RequestedOperations,
  RoutePlan,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { formTypeOf } from '../../util/http/form-type.ts';
import { isRead } from '../shared/package-operations.ts';
import type { GitlabEndpoint } from './endpoints/endpoint.ts';
import { bodyParameters, queryParameters } from './parameters.ts';
import {
  bodyOperations,
  mayNameProject,
  queryOperations,
  type SecondProjectSettings,
} from './second-project.ts';

/** Bytes of a body that is buffered before the decision. */
const MAX_BODY = 256 * 1024;

/** The token that triggers a pipeline. */
const TRIGGER_FORM: CredentialForm = { field: 'token', maxBytes: MAX_BODY };

/** Classifies a request to an endpoint of the allow list. `own`: the operation on the project of the path. */
export function classifyListed(
  head: RequestHead,
  endpoint: GitlabEndpoint,
  own: Operation,
  projectOf: SecondProjectSettings['projectOf'],
): Classification {
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
    return apiOperations(operations, plan, form === true ? TRIGGER_FORM : undefined);
  return {
    kind: 'in-body',
    oneOf: [own],
    part: 'whole',
    maxBytes: MAX_BODY,
    read(bytes) {
      const read = bodyParameters(rawHeaders, bytes);
      if (read.kind === 'invalid') return deny('request_malformed', `a body that ${read.detail}`);
      const others = bodyOperations(read.parameters, settings);
      if ('kind' in others) return others;
      const more = others.filter((other) => !operations.some((known) => isSame(known, other)));
      return apiOperations([...operations, ...more], plan);
    },
  };
}

/** Whether the body may be a form, whose field `_method` can replace the method POST (Rack::MethodOverride). */
function hidesMethod({ method, rawHeaders }: RequestHead, { upload, form }: GitlabEndpoint): boolean {
  if (method !== 'POST' || upload === true || form === true) return false;
  return formTypeOf(rawHeaders) !== undefined;
}

function isSame(a: Operation, b: Operation): boolean {
  return a.scope === b.scope && a.resource === b.resource;
}

export function apiOperations(
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
