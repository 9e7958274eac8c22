import { formatPath, type KeyPath } from '../problems/key-path.ts';
import { formatMark, problemAt, type Problem } from '../problems/problem.ts';
import type { Tree } from './read-tree.ts';
import {
  FORBIDDEN_KEYS,
  type Entry,
  type ListNode,
  type MappingNode,
  type ScalarNode,
  type SourceNode,
} from './source-tree.ts';

/** Sections that are also accepted as a list of entries with `name`: Helm and other YAML tools sort mappings, not lists. */
const NAMED_LISTS = ['identities'] as const;

/** Converts such lists to mappings in the order of the list, which all later steps read; marks point to the list. */
export function readNamedLists({ root, problems }: Tree): Tree {
  if (root?.kind !== 'mapping') return { root, problems };
  const sections = new Map(root.entries);
  let known = problems;
  for (const section of NAMED_LISTS) {
    const entry = sections.get(section);
    if (entry?.value.kind !== 'list') continue;
    const { mapping, names, refused } = readNamedList(section, entry.value);
    sections.set(section, { ...entry, value: mapping });
    known = [...known.map((problem) => renamed(problem, section, names)), ...refused];
  }
  return { root: { ...root, entries: sections }, problems: known };
}

interface NamedList {
  readonly mapping: MappingNode;
  /** The name of each item; undefined for an item that is refused. */
  readonly names: readonly (string | undefined)[];
  readonly refused: readonly Problem[];
}

function readNamedList(section: string, list: ListNode): NamedList {
  const refused: Problem[] = [];
  const entries = new Map<string, Entry>();
  const names = list.items.map((item, index) => {
    const named = readName(item);
    if (named.kind === 'refused') {
      refused.push(problemAt(named.at.mark, [section, index, ...named.below], named.message));
      return undefined;
    }
    const { name, mark, value } = named;
    const earlier = entries.get(name);
    if (earlier === undefined) entries.set(name, { mark, value });
    else {
      const message = `the name is given twice; first at ${formatMark(earlier.mark)}; give each identity its own name`;
      refused.push(problemAt(mark, [section, name], message));
    }
    return name;
  });
  return { mapping: { kind: 'mapping', mark: list.mark, entries, listed: true }, names, refused };
}

type NamedItem =
  | ({ readonly kind: 'named'; readonly name: string } & Entry)
  | {
      readonly kind: 'refused';
      readonly at: SourceNode;
      readonly below: KeyPath;
      readonly message: string;
    };

/** An item as the entry of a mapping: its name is the key, the rest is the value. */
function readName(item: SourceNode): NamedItem {
  if (item.kind !== 'mapping') {
    return { kind: 'refused', at: item, below: [], message: 'must be a mapping with name, issuer and match' };
  }
  const { name: entry, ...rest } = splitName(item);
  if (entry === undefined) {
    return { kind: 'refused', at: item, below: ['name'], message: 'is missing (Name of the identity)' };
  }
  const message = nameProblem(entry.value);
  if (message !== undefined) return { kind: 'refused', at: entry.value, below: ['name'], message };
  const { text, mark } = entry.value as ScalarNode;
  return { kind: 'named', name: text, mark, value: rest.value };
}

function splitName(item: MappingNode): { readonly name: Entry | undefined; readonly value: MappingNode } {
  const entries = new Map(item.entries);
  const name = entries.get('name');
  entries.delete('name');
  return { name, value: { ...item, entries } };
}

function nameProblem(node: SourceNode): string | undefined {
  if (node.kind !== 'scalar') return `must be text, not a ${node.kind}`;
  // As for the keys of a mapping; a name appears in messages, and the value of a variable must not.
  if (node.expanded) return 'must be written out, without a variable';
  if (typeof node.value !== 'string') return 'must be text; put it in quotes';
  return FORBIDDEN_KEYS.has(node.value) ? `cannot be "${node.value}"; choose another name` : undefined;
}

/** Problems of the reader name an item by its index. */
function renamed(problem: Problem, section: string, names: readonly (string | undefined)[]): Problem {
  const [before, index = ''] = /^([A-Za-z]+\[(\d+)\])/.exec(problem.path)?.slice(1) ?? [];
  const name = names[Number(index)];
  if (before === undefined || name === undefined || before !== `${section}[${index}]`) return problem;
  return { ...problem, path: formatPath([section, name]) + problem.path.slice(before.length) };
}
