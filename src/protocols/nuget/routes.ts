import type { UnknownOperation } from '../../core/request/protocol.ts';
import { unknownOperation } from '../shared/package-operations.ts';

/** What a path of a feed is about; `id` is the package's, in lowercase as all comparisons of it are. */
export type NugetRoute =
  | { readonly kind: 'index' | 'search' | 'publish' }
  | { readonly kind: 'metadata' | 'content' | 'version'; readonly id: string }
  | UnknownOperation;

/**
 * The protocol leaves it to the service index where its resources are, and a path must be read without it: these are the
 * folders that feeds use (NuGet's own, BaGet, GitLab, Gitea, Nexus, Azure, Artifactory), each with one meaning.
 */
const INDEX = /^(?:v3\/)?index\.json$/;
const METADATA = /^(?:v3\/)?(?:registrations?\d*(?:-[a-z0-9-]+)?|metadata)\/([^/]+)\/(.+)$/;
const CONTENT = /^(?:v3\/)?(?:v3-flatcontainer|flatcontainer|flat2|package|content|download)\/([^/]+)\/(.+)$/;
const SEARCH = /^(?:v3\/)?(?:query2?|search|autocomplete)$/;
/** Its pages tell of all packages, and its leaves are named `ID.VERSION`, which can be cut in more than one place. */
const CATALOG = /^(?:v3\/)?catalog0\/(?:[a-z0-9][a-z0-9.-]*\/)*[a-z0-9][a-z0-9._-]*\.json$/i;
const PUBLISH = /^(?:(?:api\/)?v2\/package\/?|(?:api\/v2\/)?symbolpackage\/?|api\/v2\/symbol\/?)?$/;
const PACKAGE_VERSION = /^(?:(?:api\/)?v2\/package\/)?([^/]+)\/([^/]+)$/;

/** NuGet.Packaging's PackageIdValidator, less what is not ASCII: case folds in more than one way there. */
const ID = /^\w+(?:[.-]\w+)*$/;
const MAX_ID_LENGTH = 100;
/** As NuGet normalises them; build metadata is left out there. */
const VERSION = /^\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** `rest`: what follows the service's path. */
export function readNugetRoute(rest: string, read: boolean): NugetRoute {
  if (rest.includes('%')) return unknownOperation('an escape that is in no name');
  if (!read) return readChange(rest);
  if (INDEX.test(rest)) return { kind: 'index' };
  if (SEARCH.test(rest) || CATALOG.test(rest)) return { kind: 'search' };
  const [, name = '', leaf = ''] = METADATA.exec(rest) ?? [];
  if (isId(name)) {
    return isMetadata(leaf)
      ? { kind: 'metadata', id: name.toLowerCase() }
      : unknownOperation('no metadata of a package');
  }
  const [, folder = '', file = ''] = CONTENT.exec(rest) ?? [];
  if (!isId(folder)) return unknownOperation('no route of a feed');
  const id = folder.toLowerCase();
  return isContent(id, file.toLowerCase())
    ? { kind: 'content', id }
    : unknownOperation('no file of a package');
}

function readChange(rest: string): NugetRoute {
  if (PUBLISH.test(rest)) return { kind: 'publish' };
  const [, name = '', version = ''] = PACKAGE_VERSION.exec(rest) ?? [];
  return isId(name) && VERSION.test(version)
    ? { kind: 'version', id: name.toLowerCase() }
    : unknownOperation('no version of a package');
}

function isId(text: string): boolean {
  return text.length <= MAX_ID_LENGTH && ID.test(text);
}

/** Behind `ID/` of a registration: the index, a page of it, or one version. */
function isMetadata(leaf: string): boolean {
  if (leaf === 'index.json') return true;
  const [, lower = '', upper = ''] = /^page\/([^/]+)\/([^/]+)\.json$/.exec(leaf) ?? [];
  return lower === ''
    ? VERSION.test(leaf.replace(/\.json$/, ''))
    : VERSION.test(lower) && VERSION.test(upper);
}

/** Behind `ID/`, all lowercase: the list of versions, or a file of one, whose name must be of the same package. */
function isContent(id: string, path: string): boolean {
  if (path === 'index.json') return true;
  const [version = '', file = '', ...more] = path.split('/');
  if (more.length > 0 || !VERSION.test(version)) return false;
  const named = `${id}.${version}`;
  return [
    `${named}.nupkg`,
    `${named}.snupkg`,
    `${named}.nupkg.sha512`,
    `${id}.nuspec`,
    ...UNNAMED_FILES,
  ].includes(file);
}

const UNNAMED_FILES = ['readme', 'icon', 'license'] as const;
