import type { UnknownOperation } from '../../core/request/protocol.ts';
import { unknownOperation } from '../shared/package-operations.ts';

/** A parsed feed path. `id` is the package id in lowercase: ids are case-insensitive. */
export type NugetRoute =
  | { readonly kind: 'index' | 'search' | 'symbols' | 'publish' }
  | { readonly kind: 'metadata' | 'content' | 'version'; readonly id: string }
  | UnknownOperation;

/**
 * The service index of a feed defines resource paths, but a request is classified without it. These are the
 * folders of known feeds (nuget.org, BaGet, GitLab, Gitea, Nexus, Azure, Artifactory); each has one meaning.
 */
const INDEX = /^(?:v3\/)?index\.json$/;
const METADATA = /^(?:v3\/)?(?:registrations?\d*(?:-[a-z0-9-]+)?|metadata)\/(.+)$/;
const CONTENT = /^(?:v3\/)?(?:v3-flatcontainer|flatcontainer|flat2|package|content|download)\/(.+)$/;
/** Nexus numbers the resources of the index: `v3/query/6`. */
const SEARCH = /^(?:v3\/)?(?:query2?|search|autocomplete)(?:\/\d{1,3})?$/;
/** Debugging symbols of Gitea and GitLab: `symbols/FILE/GUID/FILE`, without the package. */
const SYMBOLS = /^(?:symbols|symbolfiles)\/[^/]+\/[0-9A-Za-z]+\/[^/]+$/;
/** Pages list all packages. Leaves are named `ID.VERSION`, whose split can be ambiguous. */
const CATALOG = /^(?:v3\/)?catalog0\/(?:[a-z0-9][a-z0-9.-]*\/)*[a-z0-9][a-z0-9._-]*\.json$/i;
const PUBLISH = /^(?:(?:api\/)?v2\/package\/?|v2\/?|(?:api\/v2\/)?symbolpackage\/?|api\/v2\/symbol\/?)?$/;
const PACKAGE_VERSION = /^(?:(?:api\/)?v2\/package\/)?([^/]+)\/([^/]+)$/;

/** NuGet.Packaging PackageIdValidator, limited to ASCII: Unicode case folding differs between servers. */
const ID = /^\w+(?:[.-]\w+)*$/;
const MAX_ID_LENGTH = 100;
/** Normalised versions; normalisation removes build metadata. */
const VERSION = /^\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** `rest`: the path below the service's path. */
export function readNugetRoute(rest: string, read: boolean): NugetRoute {
  if (rest.includes('%')) return unknownOperation('percent-encoding in a feed path');
  if (!read) return readChange(rest);
  if (INDEX.test(rest)) return { kind: 'index' };
  if (SEARCH.test(rest) || CATALOG.test(rest)) return { kind: 'search' };
  if (SYMBOLS.test(rest)) return { kind: 'symbols' };
  const [, metadata] = METADATA.exec(rest) ?? [];
  if (metadata !== undefined) {
    const id = idOf(metadata, (_, leaf) => isMetadata(leaf));
    return id === undefined
      ? unknownOperation('not a metadata resource of a package')
      : { kind: 'metadata', id };
  }
  const [, content] = CONTENT.exec(rest) ?? [];
  if (content === undefined) return unknownOperation('not a route of a NuGet feed');
  const id = idOf(content, (name, leaf) => isContent(name, leaf.toLowerCase()));
  return id === undefined ? unknownOperation('not a file of the package') : { kind: 'content', id };
}

/**
 * The id in `ID/LEAF`, or in `NUMBER/ID/LEAF` of Nexus. Both readings cannot fit: a leaf has a fixed number of
 * segments.
 */
function idOf(text: string, fits: (id: string, leaf: string) => boolean): string | undefined {
  for (const path of [text, text.replace(/^\d{1,3}\//, '')]) {
    const [, name = '', leaf = ''] = /^([^/]+)\/(.+)$/.exec(path) ?? [];
    const id = packageId(name);
    if (id !== undefined && fits(id, leaf)) return id;
  }
  return undefined;
}

function readChange(rest: string): NugetRoute {
  if (PUBLISH.test(rest)) return { kind: 'publish' };
  const [, name = '', version = ''] = PACKAGE_VERSION.exec(rest) ?? [];
  const id = packageId(name);
  return id !== undefined && VERSION.test(version)
    ? { kind: 'version', id }
    : unknownOperation('not a package version');
}

/** The id in lowercase: ids are case-insensitive. Undefined if the text is not an id. */
export function packageId(text: string): string | undefined {
  return text.length <= MAX_ID_LENGTH && ID.test(text) ? text.toLowerCase() : undefined;
}

/** After `ID/` of a registration: the index, one of its pages, or one version. */
function isMetadata(leaf: string): boolean {
  if (leaf === 'index.json') return true;
  const [, lower = '', upper = ''] = /^page\/([^/]+)\/([^/]+)\.json$/.exec(leaf) ?? [];
  return lower === ''
    ? VERSION.test(leaf.replace(/\.json$/, ''))
    : VERSION.test(lower) && VERSION.test(upper);
}

/** After `ID/`, in lowercase: the list of versions, or a file of one version named after the same package. */
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
