import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { quotedString } from './shared/challenge.ts';
import {
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from './shared/package-operations.ts';
import { phraseRefusal } from './shared/refusal.ts';

/**
 * Files of Maven 2's layout: `com/acme/app/1.0/app-1.0.jar`. What coordinates and versions may hold needs no escape, and a
 * name that ends in a dot is another one to some file systems.
 */
const FILE = /^(?:[A-Za-z0-9_.+~-]*[A-Za-z0-9_+~-]\/)*[A-Za-z0-9_.+~-]*[A-Za-z0-9_+~-]$/;

/** Checksums and signatures, which go with the file that they are of; of each other, too (`app-1.0.jar.asc.sha1`). */
const COMPANION_SUFFIX = /(?<=[^/])(?:\.(?:md5|sha1|sha256|sha512|asc))+$/;

/** A repository in Maven 2's layout, for Maven and Gradle: reading and writing by method, the path is the resource. */
export function mavenProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const file = path.slice(settings.path.length);
    if (file.includes('%'))
      return { kind: 'deny', reason: 'path_ambiguous', detail: 'an escape in the path of a file' };
    // Folders tell of all that is in them, and neither Maven nor Gradle asks for one.
    if (!FILE.test(file)) return unknownOperation('no path of a file');
    const resource = file.replace(COMPANION_SUFFIX, '');
    if (isRead(method)) return onePackage(READ_PACKAGES, resource);
    if (method === 'PUT' || method === 'DELETE') return onePackage(WRITE_PACKAGES, resource);
    return unknownOperation(`${method} on a file`);
  }

  return {
    credentialSources: ['basic', 'bearer', 'job-token', 'deploy-token', 'private-token'],
    credentialQueryParameters: [],
    classify,
    // Maven reads without a credential until it sees this one.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: phraseRefusal,
  };
}
