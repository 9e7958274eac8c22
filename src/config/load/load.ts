import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { toConfig, type Config } from '../model/config.ts';
import type { Environment } from './expand-variables.ts';
import { checkMatchScalars } from './match-scalars.ts';
import { mergeTrees } from './merge-trees.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { isError, sortProblems, type Mark, type Problem } from '../problems/problem.ts';
import { readNamedLists } from './named-lists.ts';
import { readSources, type Source } from './read-sources.ts';
import { readTree } from './read-tree.ts';
import { applyRules } from '../rules/apply-rules.ts';
import { markAt, nodeAt, type MappingNode } from './source-tree.ts';
import { delegatedFingerprint, readDelegatedFiles } from '../delegation/delegated-files.ts';
import { patternProblems } from '../delegation/pattern-problems.ts';
import { loadDelegated, type Examined } from '../delegation/load-delegated.ts';
import {
  NO_DELEGATED_FILES,
  activeVersions,
  type DelegatedFiles,
  type DelegatedVersion,
} from '../model/delegated-files.ts';
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

/**
 * Reads a configuration from a file or directory, or returns all its problems; expiries are compared with `now`.
 * `versions`: for a reload, the active versions of the delegated files, which replace files with errors.
 */
export function loadConfig(
  path: string,
  env: Environment,
  now = Date.now(),
  versions?: readonly DelegatedVersion[],
): LoadResult {
  return loadWithPositions(path, env, now, versions).result;
}

/** As `loadConfig`, with the positions of the settings, for the policy tools. */
export function loadWithPositions(
  path: string,
  env: Environment,
  now = Date.now(),
  versions?: readonly DelegatedVersion[],
): { readonly result: LoadResult; readonly positionOf: PositionOf } {
  const { sources, problems: unread } = readSources(path);
  const trees = sources.map((source) => readNamedLists(readTree(source, env)));
  const misread = [...unread, ...trees.flatMap(({ problems }) => problems)];
  const roots = trees.flatMap(({ root }) => (root === undefined ? [] : [root]));
  // An unreadable file would cause follow-up problems for every reference into it.
  if (unread.length > 0 || roots.length < trees.length)
    return { result: failed(misread), positionOf: nowhere };

  const { root, problems: unmerged } = mergeTrees(roots);
  const examine = (whole: MappingNode): Examined => examineTree(whole, [...misread, ...unmerged], now);
  const main = examine(root);
  const { examined, delegated } = withDelegated(path, main, versions ?? [], examine);
  const { draft } = examined;
  const failures = versions === undefined ? delegated.files.flatMap(({ problems }) => problems) : [];
  const problems = [...examined.problems, ...failures];
  const positionOf: PositionOf = (at) =>
    nodeAt(examined.root, at) === undefined ? undefined : markAt(examined.root, at, 'key');
  if (draft === undefined || problems.some(isError)) return { result: failed(problems), positionOf };
  const active = activeVersions(delegated);
  const files = [...sources, ...active].map(({ file }) => resolve(file));
  const config = toConfig(draft, { files, hash: hashOf(sources, active), delegated });
  return { result: { kind: 'loaded', config, warnings: sortProblems(problems) }, positionOf };
}

function examineTree(root: MappingNode, unread: readonly Problem[], now: number): Examined {
  const written = [...unread, ...checkMatchScalars(root)];
  const { draft, whole, problems: refused } = validate(root);
  const rules = draft === undefined ? [] : applyRules(root, draft, whole && written.length === 0, now);
  // A value that could not be read has been reported; its follow-up problems are omitted.
  const reported = new Set(written.map((problem) => problem.path));
  const meant = [...refused, ...rules].filter((problem) => !reported.has(problem.path));
  return { root, draft, problems: [...written, ...meant] };
}

/** The main configuration must be valid without the delegated files, so that none of them can prevent a reload. */
function withDelegated(
  path: string,
  main: Examined,
  versions: readonly DelegatedVersion[],
  examine: (root: MappingNode) => Examined,
): { readonly examined: Examined; readonly delegated: DelegatedFiles } {
  const { root, draft } = main;
  const patterns = draft?.delegations.map(({ files }) => files) ?? [];
  if (draft === undefined || patterns.length === 0 || main.problems.some(isError))
    return { examined: main, delegated: NO_DELEGATED_FILES };
  const texts = readDelegatedFiles(path, patterns);
  const fingerprint = delegatedFingerprint(texts);
  const misplaced = patternProblems(path, root, patterns, texts);
  const refused = { ...main, problems: [...main.problems, ...misplaced] };
  if (misplaced.some(isError)) return { examined: refused, delegated: NO_DELEGATED_FILES };
  const { examined, files } = loadDelegated(root, texts, versions, examine);
  return {
    examined: { ...examined, problems: [...examined.problems, ...misplaced] },
    delegated: { patterns, fingerprint, files },
  };
}

function nowhere(): undefined {}

/** Limits the number of problems: a file that is not a configuration can have one in every byte. */
const MAX_SHOWN = 200;

function failed(problems: readonly Problem[]): LoadResult {
  const errors = sortProblems(problems.filter(isError));
  const last = errors[MAX_SHOWN - 1];
  if (last !== undefined && errors.length > MAX_SHOWN) {
    const more = errors.length - MAX_SHOWN + 1;
    errors.splice(MAX_SHOWN - 1, more, { ...last, path: '', message: `and ${more} more problems` });
  }
  return {
    kind: 'invalid',
    problems: errors,
    warnings: sortProblems(problems.filter((problem) => !isError(problem))),
  };
}

/** Includes the file names, which determine the order of the identities. */
function hashOf(sources: readonly Source[], delegated: readonly DelegatedVersion[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of sources) hash.update(`${basename(file)}\0${text.length}\0${text}\0`);
  for (const { file, text } of delegated) hash.update(`${file}\0${text.length}\0${text}\0`);
  return hash.digest('hex').slice(0, 12);
}
