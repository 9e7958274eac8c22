import type { Classification, BuiltInResponse, Protocol, RoutePlan } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { quotedString } from '../shared/challenge.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';
import { classifyUpload, type MountRules } from './mount.ts';
import { API_VERSION, ociRefusal } from './refusal.ts';
import { malformed, operationsFor, readRoute, registryOperations } from './routes.ts';
import { API } from './registry-root.ts';
import { CATALOG, scopesOf } from './scope.ts';

export interface OciSettings {
  /** `/v2/`, followed by the repository prefix if there is one. */
  readonly path: string;
  /** Paths of other registries of the same hosts, below `path`. */
  readonly foreignPaths: readonly string[];
  readonly challenge: 'bearer' | 'basic';
  readonly blobRedirects: 'pass' | 'follow';
  /** With https, the token endpoint in challenges has this scheme for every host: clients send credentials to it. */
  readonly publicUrl: string;
}

/** A registry: all routes of the OCI distribution specification 1.1, and Docker's catalog. */
export function ociProtocol(settings: OciSettings): Protocol {
  const secure = new URL(settings.publicUrl).protocol === 'https:';
  /** Prefix of the public repository names. */
  const prefix = settings.path.slice(API.length);
  const mounts: MountRules = {
    prefix,
    foreignPrefixes: settings.foreignPaths.map((path) => path.slice(API.length)),
    requestsToken: settings.challenge === 'bearer',
  };
  const blobPlan: RoutePlan | undefined =
    settings.blobRedirects === 'follow' ? { followRedirects: true } : undefined;

  function classify(head: RequestHead): Classification {
    const { method, path, query } = head;
    const rest = path.slice(API.length);
    if (rest === '')
      return isRead(method)
        ? registryOperations([], { builtInResponse: PING })
        : unknownOperation(`${method} on /v2/`);
    // No repository name, tag, digest or upload id needs percent-encoding, so each resource has exactly one
    // path.
    if (path.includes('%'))
      return { kind: 'deny', reason: 'path_ambiguous', detail: 'percent-encoding in a registry path' };
    if (head.hasBody && declaresForm(head)) return malformed('a form as the body of a registry request');
    if (rest === '_catalog')
      return isRead(method) ? registryOperations([CATALOG]) : unknownOperation(`${method} on _catalog`);
    const route = readRoute(rest);
    if (route.kind === 'unknown') return route;
    if (route.kind === 'invalid') return malformed(route.detail);
    const operations = operationsFor(route, method);
    if (operations === undefined) return unknownOperation(`${method} on ${route.kind}`);
    if (route.kind === 'uploads') return classifyUpload(operations, query, mounts);
    return registryOperations(operations, route.kind === 'blob' && isRead(method) ? blobPlan : undefined);
  }

  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    classify,
    challenge({ host, proto = 'http', operations, error, description, status }) {
      // Clients retry after a 403 with a challenge.
      if (status === 403) return undefined;
      if (settings.challenge === 'basic') return `Basic realm=${quotedString(host)}`;
      const scheme = secure ? 'https' : proto;
      const scope = scopesOf(operations).join(' ');
      return (
        `Bearer realm=${quotedString(`${scheme}://${host}/token`)},service=${quotedString(host)}` +
        // docker prints a general text for the error code if there is no description.
        (description === undefined ? '' : `,error_description=${quotedString(description)}`) +
        (scope === '' ? '' : `,scope=${quotedString(scope)}`) +
        (error === undefined ? '' : `,error=${quotedString(error)}`)
      );
    },
    refusal: ociRefusal,
  };
}

/**
 * Registries in Go also read parameters, such as the source of a mount, from a form in the body (net/http,
 * Request.FormValue). Blobs and manifests are not forms.
 */
function declaresForm({ rawHeaders }: RequestHead): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (foldHeaderName(rawHeaders[i] ?? '') !== 'content-type') continue;
    if (/x-www-form-urlencoded|multipart\//i.test(rawHeaders[i + 1] ?? '')) return true;
  }
  return false;
}

const PING: BuiltInResponse = {
  status: 200,
  headers: [...API_VERSION, 'Content-Type', 'application/json', 'Cache-Control', 'no-store'],
  body: '{}',
};
