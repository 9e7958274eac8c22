import type { Classification, Protocol } from '../core/request/protocol.ts';
import { OTHER_PATHS } from './shared/acting-query.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { quotedString } from './shared/challenge.ts';
import {
  isRead,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
  unnamedPackage,
} from './shared/package-operations.ts';
import {
  keepsPathParameters,
  operationsOn,
  readingsOf,
  type PathSettings,
} from './shared/path-parameters.ts';
import { phraseRefusal } from './shared/refusal.ts';

/**
 * File paths of the Maven 2 layout: `com/acme/app/1.0/app-1.0.jar`. Coordinates and versions need no
 * percent-encoding. Some file systems ignore a trailing dot, so a segment cannot end with one.
 */
const FILE = /^(?:[A-Za-z0-9_.+~-]*[A-Za-z0-9_+~-]\/)*[A-Za-z0-9_.+~-]*[A-Za-z0-9_+~-]$/;

/** Suffixes of checksums and signatures, which share the resource of their file (`app-1.0.jar.asc.sha1`). */
const COMPANION_SUFFIX = /(?<=[^/])(?:\.(?:md5|sha1|sha256|sha512|asc))+$/;

/** The metadata of an artifact, whose folder contains no version. */
const ARTIFACT_METADATA = /(?<!-SNAPSHOT)\/maven-metadata\.xml$/;

const DOT_IN_NAME = /(?<=[^./])\.(?=[^./])/g;

/**
 * A repository in the Maven 2 layout, for Maven and Gradle. The method selects the scope; the path is the
 * resource.
 */
export function mavenProtocol(settings: PathSettings): Protocol {
  function classify(head: RequestHead): Classification {
    const { method } = head;
    const [literal, ...readings] = readingsOf(head, head.path.slice(settings.path.length));
    const file = readings[0] ?? literal;
    if (file.includes('%'))
      return { kind: 'deny', reason: 'path_ambiguous', detail: 'percent-encoding in a file path' };
    // A folder listing would show all files of the folder; Maven and Gradle do not request one.
    if (!FILE.test(file)) return unknownOperation('not a file path');
    const scope = scopeOf(method);
    if (scope === undefined) return unknownOperation(`${method} on a file`);
    // Gitea stores an upload with `use_legacy_package_name` under a name that several artifacts share.
    if (scope === WRITE_PACKAGES && head.query.length > 1) return unnamedPackage(OTHER_PATHS);
    const resource = file.replace(COMPANION_SUFFIX, '');
    const resources = [literal.replace(COMPANION_SUFFIX, ''), resource, withFoldersForDots(resource)];
    return { kind: 'operations', operations: operationsOn(scope, resources) };
  }

  return {
    credentialSources: ['basic', 'bearer', 'job-token', 'deploy-token', 'private-token'],
    credentialQueryParameters: [],
    pathParameters: keepsPathParameters(settings),
    classify,
    // Maven sends no credential on GET before this challenge.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: phraseRefusal,
  };
}

/** Gitea joins the folders of a group with dots, so `com.acme/app` is also `com/acme/app` (routers/api/packages/maven). */
function withFoldersForDots(file: string): string {
  let group = file.length;
  for (let names = ARTIFACT_METADATA.test(file) ? 2 : 3; names > 0 && group > 0; names--)
    group = file.lastIndexOf('/', group - 1);
  return group > 0 ? file.slice(0, group).replaceAll(DOT_IN_NAME, '/') + file.slice(group) : file;
}

function scopeOf(method: string): string | undefined {
  if (isRead(method)) return READ_PACKAGES;
  return method === 'PUT' || method === 'DELETE' ? WRITE_PACKAGES : undefined;
}
