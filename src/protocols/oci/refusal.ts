import { withHint } from '../../core/credential-hint.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { RefusalBody, RefusalText } from '../../core/request/protocol.ts';
import { ACTION_SCOPES } from '../../core/credentials/registry-access.ts';
import { phraseOf } from '../shared/refusal.ts';
import { readRoute } from './routes.ts';

/** Sent on every response: older clients do not recognise a registry without this header. */
export const API_VERSION = ['Docker-Distribution-Api-Version', 'registry/2.0'] as const;

/**
 * The error format of registries (OCI distribution specification, "Error codes"). docker prints only `message`, so it
 * contains all details on one line. containerd and BuildKit print the status line of a refused pull.
 */
export function ociRefusal(refusal: RefusalText): RefusalBody {
  const { error, requestId, operations, head, hint } = refusal;
  const problem =
    error === 'no_credential' && head !== undefined
      ? `Authentication required: run "docker login ${head.host}" with the job's token as the password.`
      : refusal.message;
  const sent = statusOf(refusal);
  const attempted = operations.length === 0 ? '' : ` Requested: ${describe(operations)}.`;
  const message = `${problem}${attempted}`;
  const ids = `(${error}, request id ${requestId})`;
  const text = ascii(`${withHint({ message, hint })} ${ids}`);
  const warning = ascii(`${message} ${ids}`).replaceAll(/["\\]/g, '');
  const body = { errors: [{ code: codeOf(sent, head), message: text, detail: error }] };
  return {
    contentType: 'application/json',
    body: `${JSON.stringify(body)}\n`,
    status: sent,
    phrase: phraseOf({ message, error }),
    description: message,
    // A response to HEAD has no body; podman, skopeo and buildah print this header (distribution
    // specification, "Warnings").
    headers: sent === 401 ? API_VERSION : [...API_VERSION, 'Warning', `299 - "${warning}"`],
  };
}

function statusOf({ status, error, head }: RefusalText): number {
  // Clients request a token with more scopes after 401, not after 403.
  if (error === 'insufficient_scope') return 401;
  // A push first checks for content with HEAD, whose response cannot carry a reason. After 404, clients
  // continue with the upload and print its refusal.
  if (status === 403 && head?.method === 'HEAD' && CONTENT.test(head.path)) return 404;
  return status;
}

/** A blob, or a manifest by its digest. */
const CONTENT = /\/(?:blobs|manifests)\/[^/:]+:[^/]+$/;

function codeOf(status: number, head: RefusalText['head']): string {
  const route = status === 400 && head?.path.startsWith('/v2/') ? readRoute(head.path.slice(4)) : undefined;
  if (route?.kind === 'invalid') return route.code;
  return CODES[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'UNSUPPORTED');
}

const CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'NAME_UNKNOWN',
  413: 'SIZE_INVALID',
  429: 'TOOMANYREQUESTS',
};

/** For example `push to acme/api, pull from acme/base`. */
function describe(operations: readonly Operation[]): string {
  const pushed = operations.find(({ scope }) => scope === ACTION_SCOPES.push)?.resource;
  return operations
    .filter(({ scope, resource }) => scope !== ACTION_SCOPES.pull || resource !== pushed)
    .map(({ scope, resource, extent }) =>
      extent === 'every' ? 'list all repositories' : `${VERBS[scope] ?? scope} ${resource}`,
    )
    .join(', ');
}

const VERBS: Readonly<Record<string, string>> = {
  [ACTION_SCOPES.pull]: 'pull from',
  [ACTION_SCOPES.push]: 'push to',
  [ACTION_SCOPES.delete]: 'delete in',
};

function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
