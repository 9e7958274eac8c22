import { deny, type Deny } from '../core/decision.ts';
import type { Forwarding, UpstreamHeaders } from '../core/request/forwarding.ts';
import type { RequestLine } from '../core/request/incoming.ts';
import type { Protocol, RequestedOperations, RoutePlan, UnknownOperation } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import type { SubrequestRules } from '../core/request/subrequest-rules.ts';
import { formTypeOf } from '../util/http/form-type.ts';
import { createHeaderRefusal } from './refused-headers.ts';

/** A service whose requests a proxy forwards. */
export interface ProxiedService {
  readonly type: string;
  readonly protocol: Pick<Protocol, 'classify'>;
  /** Folded names of headers that the service forwards or sets. */
  readonly acceptedHeaders: ReadonlySet<string>;
  /** The kind of a query parameter that the gateway would remove, if there is one. */
  readonly removedParameter: (query: string) => 'credential' | 'override' | undefined;
  readonly headersForProxy: UpstreamHeaders;
}

/** The types of services whose operations the method and the path determine. */
export const PROXIED_TYPES: ReadonlySet<string> = new Set(['http', 'generic', 'oci']);

export function createSubrequestRules(service: ProxiedService): SubrequestRules {
  const refuseHeaders = createHeaderRefusal(service.acceptedHeaders);
  return {
    refuseRewriting: (original, head) =>
      refuseTarget(original, head) ??
      refuseQuery(service.removedParameter(head.query)) ??
      refuseHeaders(head.rawHeaders),
    refuseBody: ({ kind }) =>
      kind === 'in-body' ? deny('operation_in_body', 'the operation is in the body') : undefined,
    operationsOfForm: (head) =>
      service.type === 'http' ? operationsOfForm(service.protocol, head) : undefined,
    refusePlan,
    respond: (forwarding) =>
      service.headersForProxy(forwarding, (headers) => respondWith(forwarding, headers)),
  };
}

/** The proxy forwards the target as the client sent it. */
function refuseTarget({ url }: RequestLine, { path, query }: RequestHead): Deny | undefined {
  return url === path + query
    ? undefined
    : {
        ...deny('path_ambiguous', 'the target is not in canonical form'),
        message:
          'The path is not in canonical form, and the proxy in front of this service cannot rewrite it. Send it without unnecessary escapes and dot segments, and with escapes in uppercase.',
      };
}

function refuseQuery(removed: 'credential' | 'override' | undefined): Deny | undefined {
  switch (removed) {
    case undefined:
      return undefined;
    case 'credential':
      return deny('credential_in_query', 'a credential in the query');
    case 'override':
      return deny('request_malformed', 'a query parameter that replaces the method or the user');
    default:
      return removed satisfies never;
  }
}

/**
 * The operations of every method that a form field such as `_method` can select. Rack reads a POST body without a media
 * type as a form.
 */
function operationsOfForm(
  protocol: Pick<Protocol, 'classify'>,
  head: RequestHead,
): RequestedOperations | UnknownOperation | undefined {
  const type = head.hasBody ? formTypeOf(head.rawHeaders) : undefined;
  if (type === undefined || (type === 'unclear' && head.method !== 'POST')) return undefined;
  const operations = [];
  for (const method of OVERRIDABLE) {
    const classified = protocol.classify({ ...head, method });
    if (classified.kind !== 'operations') return { kind: 'unknown', detail: `${method} in a form` };
    operations.push(...classified.operations);
  }
  return { kind: 'operations', operations };
}

const OVERRIDABLE = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Registries: the gateway would remove a mount whose source the caller may not read. */
function refusePlan({ query }: RequestHead, plan: RoutePlan | undefined): Deny | undefined {
  if (plan?.watch !== undefined) return deny('operation_in_body', 'the body must be checked');
  return plan?.query === undefined || isSameQuery(plan.query, query)
    ? undefined
    : {
        ...deny('resource_not_granted', 'a mount from a repository that is not granted'),
        message:
          'The mount names a repository that your identity may not read. Push the layer without mounting it.',
      };
}

function isSameQuery(a: string, b: string): boolean {
  return a === b || new URLSearchParams(a).toString() === new URLSearchParams(b).toString();
}

/** 200 exactly: Envoy denies with 201 and 204. */
function respondWith({ incoming: { res } }: Pick<Forwarding, 'incoming'>, headers: string[]): void {
  if (res.destroyed) return;
  headers.push('Content-Length', '0');
  res.sendDate = false;
  res.writeHead(200, headers);
  res.end();
}
