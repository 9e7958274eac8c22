import type { Problem } from '../problems/problem.ts';
import { readSource, wholeFile } from './read-sources.ts';
import { readAnyYaml } from './read-tree.ts';
import type { SourceNode } from './source-tree.ts';

export type ForeignFile =
  | { readonly kind: 'read'; readonly root: SourceNode }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Reads a YAML or JSON file of another program, in which `${…}` is text. */
export function readForeignFile(file: string): ForeignFile {
  const read = readSource(file);
  if (read.kind === 'unreadable') return { kind: 'invalid', problems: [wholeFile(file, read.detail)] };
  const hasContent = read.source.text.split('\n').some((line) => !/^\s*(?:#|$)/.test(line));
  if (!hasContent) return { kind: 'invalid', problems: [wholeFile(file, 'is empty')] };
  const { root, problems } = readAnyYaml(read.source, undefined);
  return root === undefined || problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'read', root };
}
