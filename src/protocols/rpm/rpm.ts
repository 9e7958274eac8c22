import type { Classification, Protocol, UnnamedResource } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import {
  anyPackage,
  eachPackage,
  everyPackage,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
  unnamedPackage,
} from '../shared/package-operations.ts';
import { uploadOf } from '../shared/package-file.ts';
import { keepsPathParameters, type PathSettings } from '../shared/path-parameters.ts';
import { phraseRefusal } from '../shared/refusal.ts';
import { classifyFiles } from '../shared/repository-files.ts';
import { MIRROR_LIST } from './mirror-list.ts';
import { isRepodata, readRpmFile, rpmName } from './names.ts';
import { readRpm } from './package-file.ts';
import { REPOSITORY_FILE } from './repository-file.ts';

const ARCHITECTURE = /^[a-z0-9_]+$/;
const MIRRORS = /^(?:metalink|mirrorlist)(?:\.(?:xml|txt))?$/;

/**
 * A repository with `repodata/` for dnf (createrepo_c). `repomd.xml` can be signed and lists the
 * other index files by checksum, so they are not rewritten; lists of mirrors and `.repo` files are.
 */
export function rpmProtocol(settings: PathSettings): Protocol {
  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    pathParameters: keepsPathParameters(settings),
    classify: (head) => classifyFiles(settings.path, head, { read, write }),
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: phraseRefusal,
  };
}

function read(segments: readonly string[]): Classification {
  const last = segments.at(-1) ?? '';
  const names = packagesOf(segments);
  if (names === undefined) return everyPackage();
  if (names.length > 0) return eachPackage(READ_PACKAGES, names);
  if (isRepodata(segments)) return anyPackage();
  if (last.endsWith('.repo')) return anyPackage({ rewrite: REPOSITORY_FILE });
  return MIRRORS.test(last) ? anyPackage({ rewrite: MIRROR_LIST }) : everyPackage();
}

const NAMED_IN_ERRATA: UnnamedResource = {
  detail: 'the body names the packages of the errata, and the gateway does not read it',
};

function write(segments: readonly string[], head: RequestHead): Classification {
  const last = segments.at(-1) ?? '';
  const names = packagesOf(segments) ?? [];
  switch (head.method) {
    case 'PUT': {
      // Gitea, Forgejo: `upload`, `GROUP/upload`.
      if (last === 'upload') return uploadOf(head, undefined, readRpm);
      const [name, another] = names;
      return name === undefined || another !== undefined || last.endsWith('.drpm')
        ? everyPackage(WRITE_PACKAGES)
        : uploadOf(head, name, readRpm);
    }
    case 'DELETE':
      return names.length === 0 ? everyPackage(WRITE_PACKAGES) : eachPackage(WRITE_PACKAGES, names);
    case 'POST':
      // Gitea adds errata to any package of the group.
      return last === 'errata' ? unnamedPackage(NAMED_IN_ERRATA) : unknownOperation('POST on a repository');
    default:
      return unknownOperation(`${head.method} on a repository`);
  }
}

/**
 * The packages that a path names: with its file name, and with the folder of Gitea's `package/NAME/VERSION/ARCH[/FILE]`,
 * by which Gitea selects the package. Undefined if the folder is not the name of a package: Gitea finds names in lower
 * case, and U+212A is a capital `k`.
 */
function packagesOf(segments: readonly string[]): readonly string[] | undefined {
  const file = readRpmFile(segments.at(-1) ?? '');
  const names = new Set<string>();
  for (const length of [4, 5]) {
    const [folder, name = '', version = '', architecture = ''] = segments.slice(-length);
    // With a file, any architecture: the file is not used, and the architecture is found in lower case, too.
    if (folder !== 'package' || version === '' || (length === 4 && !ARCHITECTURE.test(architecture)))
      continue;
    const named = rpmName(decodeURIComponent(name));
    if (named === undefined) return undefined;
    names.add(named);
  }
  if (file !== undefined) names.add(file);
  return [...names];
}
