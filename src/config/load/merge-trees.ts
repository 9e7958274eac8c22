import { formatMark, problemAt, type Problem } from '../problems/problem.ts';
import type { Entry, MappingNode, SourceNode } from './source-tree.ts';

export interface Merged {
  readonly root: MappingNode;
  readonly problems: readonly Problem[];
}

/**
 * Merges several files into one configuration: sections are merged at the depth of `identities.NAME`, `server.listen`.
 * No value overrides another, so that no file can silently change a setting of another file.
 */
export function mergeTrees(roots: readonly SourceNode[]): Merged {
  const problems: Problem[] = [];
  const sections = new Map<string, Entry>();
  for (const root of roots) {
    if (root.kind !== 'mapping') {
      problems.push(problemAt(root.mark, [], 'must be a mapping of sections, with "version: 1" first'));
      continue;
    }
    checkVersion(root, problems);
    for (const [name, entry] of root.entries) {
      const earlier = sections.get(name);
      if (earlier === undefined) sections.set(name, entry);
      else if (name !== 'version') sections.set(name, mergeSection(name, earlier, entry, problems));
    }
  }
  const mark = roots[0]?.mark ?? { file: '', line: 1, column: 1 };
  return { root: { kind: 'mapping', mark, entries: sections }, problems };
}

function checkVersion(root: MappingNode, problems: Problem[]): void {
  const version = root.entries.get('version');
  const message = 'each file must say "version: 1"';
  if (version === undefined) problems.push(problemAt(root.mark, ['version'], message));
  else if (version.value.kind !== 'scalar' || version.value.value !== 1) {
    problems.push(problemAt(version.value.mark, ['version'], message));
  }
}

function mergeSection(section: string, earlier: Entry, later: Entry, problems: Problem[]): Entry {
  if (earlier.value.kind !== 'mapping' || later.value.kind !== 'mapping') {
    const message = `is also given at ${formatMark(earlier.mark)}; only mappings can be merged`;
    problems.push(problemAt(later.mark, [section], message));
    return earlier;
  }
  if (earlier.value.listed !== later.value.listed) {
    const [here, there] = later.value.listed ? ['list', 'mapping'] : ['mapping', 'list'];
    const message = `is a ${here} here and a ${there} at ${formatMark(earlier.mark)}; write it in one form in all files`;
    problems.push(problemAt(later.mark, [section], message));
  }
  const entries = new Map(earlier.value.entries);
  for (const [name, entry] of later.value.entries) {
    const first = entries.get(name);
    if (first === undefined) entries.set(name, entry);
    else {
      const message = `is also given at ${formatMark(first.mark)}; give it in one file only`;
      problems.push(problemAt(entry.mark, [section, name], message));
    }
  }
  return { mark: earlier.mark, value: { ...earlier.value, entries } };
}
