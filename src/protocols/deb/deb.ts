import type { Classification, Protocol } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import {
  anyPackage,
  everyPackage,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
} from '../shared/package-operations.ts';
import { keepsPathParameters, type PathSettings } from '../shared/path-parameters.ts';
import { uploadOf } from '../shared/package-file.ts';
import { phraseRefusal } from '../shared/refusal.ts';
import { classifyFiles } from '../shared/repository-files.ts';
import { debName, isMetadata, readDebFile } from './names.ts';
import { readDeb } from './package-file.ts';

/**
 * A Debian repository for apt, in the layout of `dists/` and `pool/` or flat (wiki.debian.org/DebianRepository/Format).
 * Index files are signed or listed by hash in a signed file, so no response is rewritten.
 */
export function debProtocol(settings: PathSettings): Protocol {
  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    // apt writes `DIR/./Packages` for flat repositories (sources.list(5)).
    dotSegment: true,
    pathParameters: keepsPathParameters(settings),
    classify: (head) => classifyFiles(settings.path, head, { read, write }),
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: phraseRefusal,
  };
}

function read(segments: readonly string[]): Classification {
  const file = readDebFile(segments.at(-1) ?? '');
  if (file !== undefined) return onePackage(READ_PACKAGES, file.name);
  return isMetadata(segments) ? anyPackage() : everyPackage();
}

function write(segments: readonly string[], head: RequestHead): Classification {
  switch (head.method) {
    case 'PUT':
      return put(segments, head);
    case 'DELETE':
      return remove(segments);
    default:
      return unknownOperation(`${head.method} on a repository`);
  }
}

function put(segments: readonly string[], head: RequestHead): Classification {
  const [pool, distribution, component, last] = segments.slice(-4);
  // Gitea, Forgejo: `pool/DISTRIBUTION/COMPONENT/upload`.
  if (pool === 'pool' && distribution !== '' && component !== '' && last === 'upload')
    return uploadOf(head, undefined, readDeb);
  const file = readDebFile(segments.at(-1) ?? '');
  if (file === undefined) return everyPackage(WRITE_PACKAGES);
  return file.kind === 'binary' ? uploadOf(head, file.name, readDeb) : onePackage(WRITE_PACKAGES, file.name);
}

function remove(segments: readonly string[]): Classification {
  const file = readDebFile(segments.at(-1) ?? '');
  if (file !== undefined) return onePackage(WRITE_PACKAGES, file.name);
  // Gitea, Forgejo: `pool/DISTRIBUTION/COMPONENT/NAME/VERSION/ARCHITECTURE`.
  const [pool, , , name = '', version, architecture = ''] = segments.slice(-6);
  const package_ =
    pool === 'pool' && version !== '' && ARCHITECTURE.test(architecture) && debName(decodeURIComponent(name));
  return typeof package_ === 'string' ? onePackage(WRITE_PACKAGES, package_) : everyPackage(WRITE_PACKAGES);
}

const ARCHITECTURE = /^[a-z0-9-]+$/;
