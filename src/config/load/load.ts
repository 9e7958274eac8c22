import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { toConfig, type Config } from '../model/config.ts';
import type { Environment } from './expand-variables.ts';
import { checkMatchScalars } from './match-scalars.ts';
import { mergeTrees } from './merge-trees.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { sortProblems, type Mark, type Problem } from '../problems/problem.ts';
import { readNamedLists } from './named-lists.ts';
import { readSources, type Source } from './read-sources.ts';
import { readTree } from './read-tree.ts';
import { applyRules } from '../rules/apply-rules.ts';
import { markAt, nodeAt } from './source-tree.ts';
import { validate } from './validate.ts';

export type LoadResult =
  | { readonly kind: 'loaded'; readonly config: Config; readonly warnings: readonly Problem[] }
  | {
      readonly kind: 'invalid';
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
    };

/** The position of the key or list item at a path; undefined if the files do not contain it. */
export type PositionOf = (path: KeyPath) => Mark | undefined;

/** Reads a configuration from a file or directory, or returns all its problems; expiries are compared with `now`. */
export function loadConfig(path: string, env: Environment, now = Date.now()): LoadResult {
  return loadWithPositions(path, env, now).result;
}

/** As `loadConfig`, with the positions of the settings, for the policy tools. */
export function loadWithPositions(
  path: string,
  env: Environment,
  now = Date.now(),
): { readonly result: LoadResult; readonly positionOf: PositionOf } {
  const { sources, problems: unread } = readSources(path);
  const trees = sources.map((source) => readNamedLists(readTree(source, env)));
  const misread = [...unread, ...trees.flatMap(({ problems }) => problems)];
  const roots = trees.flatMap(({ root }) => (root === undefined ? [] : [root]));
  // An unreadable file would cause follow-up problems for every reference into it.
  if (unread.length > 0 || roots.length < trees.length)
    return { result: failed(misread), positionOf: nowhere };

  const { root, problems: unmerged } = mergeTrees(roots);
  const written = [...misread, ...unmerged, ...checkMatchScalars(root)];
  const { draft, whole, problems: refused } = validate(root);
  const rules = draft === undefined ? [] : applyRules(root, draft, whole && written.length === 0, now);
  // A value that could not be read has been reported; its follow-up problems are omitted.
  const reported = new Set(written.map((problem) => problem.path));
  const meant = [...refused, ...rules].filter((problem) => !reported.has(problem.path));

  const problems = [...written, ...meant];
  const positionOf: PositionOf = (at) =>
    nodeAt(root, at) === undefined ? undefined : markAt(root, at, 'key');
  if (draft === undefined || problems.some(({ severity }) => severity === 'error'))
    return { result: failed(problems), positionOf };
  const files = sources.map(({ file }) => resolve(file));
  const config = toConfig(draft, files, hashOf(sources));
  return { result: { kind: 'loaded', config, warnings: sortProblems(problems) }, positionOf };
}

function nowhere(): undefined {}

/** Limits the number of problems: a file that is not a configuration can have one in every byte. */
const MAX_SHOWN = 200;

function failed(problems: readonly Problem[]): LoadResult {
  const errors = sortProblems(problems.filter(({ severity }) => severity === 'error'));
  const last = errors[MAX_SHOWN - 1];
  if (last !== undefined && errors.length > MAX_SHOWN) {
    const more = errors.length - MAX_SHOWN + 1;
    errors.splice(MAX_SHOWN - 1, more, { ...last, path: '', message: `and ${more} more problems` });
  }
  return {
    kind: 'invalid',
    problems: errors,
    warnings: sortProblems(problems.filter(({ severity }) => severity !== 'error')),
  };
}

/** Includes the file names, which determine the order of the identities. */
function hashOf(sources: readonly Source[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of sources) hash.update(`${basename(file)}\0${text.length}\0${text}\0`);
  return hash.digest('hex').slice(0, 12);
}
