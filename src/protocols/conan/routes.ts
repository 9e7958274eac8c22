import { isRevision } from './names.ts';

/** A route of a recipe or of one of its packages, with the methods that it has. */
export interface ReferenceRoute {
  readonly reads: boolean;
  readonly writes: 'PUT' | 'DELETE' | 'none';
}

const READ: ReferenceRoute = { reads: true, writes: 'none' };
const FILE: ReferenceRoute = { reads: true, writes: 'PUT' };
const REMOVAL: ReferenceRoute = { reads: false, writes: 'DELETE' };

/**
 * The route below `conans/NAME/VERSION/USER/CHANNEL` (conan/internal/rest/rest_routes.py). Undefined if the API has none.
 */
export function referenceRoute(segments: readonly string[]): ReferenceRoute | undefined {
  const [first, revision = '', ...below] = segments;
  if (first === undefined) return REMOVAL;
  if (segments.length === 1) return isList(first) || first === 'search' ? READ : undefined;
  return first === 'revisions' && isRevision(revision) ? recipeRoute(below) : undefined;
}

/** Below the revision of a recipe. */
function recipeRoute(segments: readonly string[]): ReferenceRoute | undefined {
  const [first, id = '', ...below] = segments;
  if (first !== 'packages')
    return first === 'search' && segments.length === 1 ? READ : revisionRoute(segments);
  if (segments.length === 1) return REMOVAL;
  return isRevision(id) ? packageRoute(below) : undefined;
}

/** Below a package of a revision of a recipe. */
function packageRoute(segments: readonly string[]): ReferenceRoute | undefined {
  const [first, revision = '', ...below] = segments;
  if (first === undefined) return REMOVAL;
  if (segments.length === 1) return isList(first) ? READ : undefined;
  return first === 'revisions' && isRevision(revision) ? revisionRoute(below) : undefined;
}

/** A revision and its files, whose names can contain slashes. */
function revisionRoute(segments: readonly string[]): ReferenceRoute | undefined {
  const [first, ...file] = segments;
  if (first === undefined) return REMOVAL;
  if (first !== 'files') return undefined;
  if (file.length === 0) return READ;
  return file.every(isFileSegment) ? FILE : undefined;
}

function isList(segment: string): boolean {
  return segment === 'latest' || segment === 'revisions';
}

/** A server on Windows would split the name at a backslash. */
function isFileSegment(segment: string): boolean {
  return segment !== '' && !/[\\:\p{Cc}]/u.test(decodeURIComponent(segment));
}
