import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { toConfig, type Config } from '../model/config.ts';
import type { Environment } from './expand-variables.ts';
import { checkMatchScalars } from './match-scalars.ts';
import { mergeTrees } from './merge-trees.ts';
import { sortProblems, type Problem } from '../problems/problem.ts';
import { readSources, type Source } from './read-sources.ts';
import { readTree } from './read-tree.ts';
import { applyRules } from '../rules/apply-rules.ts';
import { validate } from './validate.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads a file or directory into a configuration, or says everything that is wrong with it at once; `now` is what expiries are compared with. */
export function loadConfig(path: string, env: Environment, now = Date.now()): LoadResult {
  const { sources, problems: unread } = readSources(path);
  const trees = sources.map((source) => readTree(source, env));
  const misread = [...unread, ...trees.flatMap(({ problems }) => problems)];
  const roots = trees.flatMap(({ root }) => (root === undefined ? [] : [root]));
  // With a file missing, half of what the others refer to would be missing too.
  if (unread.length > 0 || roots.length < trees.length) return failed(misread);

  const { root, problems: unmerged } = mergeTrees(roots);
  const written = [...misread, ...unmerged, ...checkMatchScalars(root)];
  const { draft, whole, problems: refused } = validate(root);
  const rules = draft === undefined ? [] : applyRules(root, draft, whole && written.length === 0, now);
  // What could not be read properly has had its message; what follows from that would be noise.
  const told = new Set(written.map((problem) => problem.path));
  const meant = [...refused, ...rules].filter((problem) => !told.has(problem.path));

  const problems = [...written, ...meant];
  if (draft === undefined || problems.some(({ severity }) => severity === 'error')) return failed(problems);
  const files = sources.map(({ file }) => resolve(file));
  return { ok: true, config: toConfig(draft, files, hashOf(sources)), warnings: sortProblems(problems) };
}

/** A file that is something else entirely can have a problem in every byte. */
const MAX_SHOWN = 200;

function failed(problems: readonly Problem[]): LoadResult {
  const errors = sortProblems(problems.filter(({ severity }) => severity === 'error'));
  const last = errors[MAX_SHOWN - 1];
  if (last !== undefined && errors.length > MAX_SHOWN) {
    const more = errors.length - MAX_SHOWN + 1;
    errors.splice(MAX_SHOWN - 1, more, { ...last, path: '', message: `and ${more} more problems` });
  }
  return {
    ok: false,
    problems: errors,
    warnings: sortProblems(problems.filter(({ severity }) => severity === 'warning')),
  };
}

/** Names count: they give the identities their order. */
function hashOf(sources: readonly Source[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of sources) hash.update(`${basename(file)}\0${text.length}\0${text}\0`);
  return hash.digest('hex').slice(0, 12);
}
