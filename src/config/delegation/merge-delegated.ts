import { formatMark, problemAt, type Problem } from '../problems/problem.ts';
import { nodeAt, type Entry, type MappingNode } from '../load/source-tree.ts';
import { DELEGATED_SECTIONS } from './delegated-tree.ts';

/** A delegated file that takes part in the configuration. */
export interface MergedFile {
  readonly file: string;
  readonly delegation: number;
  readonly root: MappingNode;
}

/** Adds the entries of delegated files at the end of their sections. A name that exists is an error. */
export function mergeDelegated(
  root: MappingNode,
  files: readonly MergedFile[],
): { readonly root: MappingNode; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const sections = new Map(root.entries);
  // A workload identity can define an identity of its name.
  const workloads = nodeAt(root, ['workloadIdentities']);
  const reserved = workloads?.kind === 'mapping' ? workloads.entries : new Map<string, Entry>();
  for (const section of DELEGATED_SECTIONS) {
    const main = root.entries.get(section);
    const entries = new Map<string, Entry>(main?.value.kind === 'mapping' ? main.value.entries : []);
    const isMain = new Set(entries.keys());
    for (const { file, root: delegated } of files) {
      const added = nodeAt(delegated, [section]);
      if (added?.kind !== 'mapping') continue;
      for (const [name, entry] of added.entries) {
        const workload = section === 'identities' ? reserved.get(name) : undefined;
        const earlier = entries.get(name) ?? workload;
        if (earlier === undefined) {
          entries.set(name, entry);
          continue;
        }
        const which = isMain.has(name) || earlier === workload ? 'the main configuration' : 'the other file';
        const message = `exists at ${formatMark(earlier.mark)}; ${which} wins; choose another name`;
        problems.push({ ...problemAt(entry.mark, [section, name], message, { rule: 'delegations' }), file });
      }
    }
    const [first] = entries.values();
    if (first === undefined) continue;
    const value: MappingNode = { kind: 'mapping', mark: main?.value.mark ?? first.mark, entries };
    sections.set(section, { mark: main?.mark ?? first.mark, value });
  }
  return { root: { ...root, entries: sections }, problems };
}
