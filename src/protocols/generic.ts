import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { actsOnOtherPaths, OTHER_PATHS } from './shared/acting-query.ts';
import { quotedString } from './shared/challenge.ts';
import { everyPackage, READ_PACKAGES, unnamedPackage, WRITE_PACKAGES } from './shared/package-operations.ts';
import {
  keepsPathParameters,
  operationsOn,
  readingsOf,
  type PathSettings,
} from './shared/path-parameters.ts';
import { textRefusal } from './shared/refusal.ts';

/** A file tree for clients such as curl and wget. The method selects the scope; the path is the resource. */
export function genericProtocol(settings: PathSettings): Protocol {
  function classify(head: RequestHead): Classification {
    const { method, path } = head;
    const scope = SCOPES.get(method);
    if (scope === undefined) return { kind: 'unknown', detail: `${method} is not supported on a file tree` };
    const resource = path.slice(settings.path.length);
    // The root is a listing of all files.
    if (resource === '') return everyPackage(scope);
    return scope === WRITE_PACKAGES && actsOnOtherPaths(head.query)
      ? unnamedPackage(OTHER_PATHS)
      : { kind: 'operations', operations: operationsOn(scope, readingsOf(head, resource)) };
  }

  return {
    credentialSources: [
      'bearer',
      'basic',
      'raw-authorization',
      'job-token',
      'deploy-token',
      'private-token',
      'query',
    ],
    // apt writes `DIR/./Packages` for flat repositories (sources.list(5)).
    dotSegment: true,
    pathParameters: keepsPathParameters(settings),
    credentialQueryParameters: ['job_token', 'private_token', 'access_token', 'token'],
    classify,
    // wget sends credentials only after this challenge; curl sends them preemptively.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: textRefusal,
  };
}

const SCOPES: ReadonlyMap<string, string> = new Map([
  ['GET', READ_PACKAGES],
  ['HEAD', READ_PACKAGES],
  ['PUT', WRITE_PACKAGES],
  ['POST', WRITE_PACKAGES],
  ['DELETE', WRITE_PACKAGES],
  // Terraform's HTTP backend locks its state (developer.hashicorp.com/terraform/language/backend/http).
  ['LOCK', WRITE_PACKAGES],
  ['UNLOCK', WRITE_PACKAGES],
]);
