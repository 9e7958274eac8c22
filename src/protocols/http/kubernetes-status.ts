import { withHint } from '../../core/credential-hint.ts';
import type { RefusalBody, RefusalText } from '../../core/request/protocol.ts';

/**
 * A Status of the Kubernetes API (apimachinery, meta/v1), whose message kubectl and client-go print. The discovery client
 * does not decode a Status: it prints the body of a text response, and "unknown" for any other (client-go, `Result.Raw`).
 */
export function kubernetesStatus(text: RefusalText, accept: string | undefined): RefusalBody {
  const { status, error, requestId } = text;
  const message = `${withHint(text)} (${error}, request id ${requestId})`;
  if (accept?.includes('apidiscovery.k8s.io') === true)
    return { contentType: 'text/plain; charset=utf-8', body: message };
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: STATUS_REASONS[status] ?? (status >= 500 ? 'InternalError' : 'Unknown'),
    code: status,
    error,
    request_id: requestId,
  };
  return { contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}

/** Whether kubectl sent the request, and reads JSON. client-go sends `PROGRAM/VERSION (OS/ARCH) kubernetes/COMMIT`. */
export function isKubectl(userAgent: string | undefined, accept: string | undefined): boolean {
  if (userAgent === undefined || !userAgent.startsWith('kubectl/')) return false;
  return accept === undefined || /\*\/\*|application\/(?:\*|json)/i.test(accept);
}

/** `StatusReason` by status code (apimachinery, meta/v1). */
const STATUS_REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
