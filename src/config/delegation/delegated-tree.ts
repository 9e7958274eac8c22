import { readNamedLists } from '../load/named-lists.ts';
import { readTree } from '../load/read-tree.ts';
import { wholeFile } from '../load/read-sources.ts';
import type { MappingNode, ScalarNode, SourceNode } from '../load/source-tree.ts';
import { problemAt, type Problem } from '../problems/problem.ts';

/** A delegated file as written. */
export interface DelegatedTree {
  /** Undefined if the file cannot be merged; `problems` holds the reasons. */
  readonly root: MappingNode | undefined;
  readonly problems: readonly Problem[];
}

export const DELEGATED_SECTIONS = ['identities', 'roles'] as const;

/** Reads a delegated file, which has fewer rights than a file of the main configuration: no other sections, no variables. */
export function readDelegatedTree(file: string, text: string): DelegatedTree {
  const { root, problems: misread } = readNamedLists(readTree({ file, text }, {}));
  if (root === undefined) return { root, problems: misread };
  if (root.kind !== 'mapping')
    return { root: undefined, problems: [wholeFile(file, 'must be a mapping, with "version: 1" first')] };
  const variables = expandedScalars(root);
  const isVariable = ({ line, column }: Problem): boolean =>
    variables.some(({ mark }) => mark.line === line && mark.column === column);
  const problems = [
    ...misread.filter((problem) => !isVariable(problem)),
    ...variables.map(({ mark }) =>
      problemAt(mark, [], 'variables are not available in a delegated file; write the value', RULE),
    ),
    ...sectionProblems(root),
  ];
  return { root: problems.length === 0 ? root : undefined, problems };
}

const RULE = { rule: 'delegations' } as const;

function sectionProblems(root: MappingNode): Problem[] {
  const problems: Problem[] = [];
  for (const [name, { mark, value }] of root.entries) {
    if (name === 'version') continue;
    if (!DELEGATED_SECTIONS.some((section) => section === name)) {
      const message =
        'is not allowed in a delegated file, which can define version, identities and roles; move it to the main configuration';
      problems.push(problemAt(mark, [name], message, RULE));
    } else if (value.kind !== 'mapping') {
      problems.push(problemAt(mark, [name], 'must be a mapping of names', RULE));
    }
  }
  const version = root.entries.get('version');
  if (version?.value.kind !== 'scalar' || version.value.value !== 1)
    problems.push(
      problemAt(version?.mark ?? root.mark, ['version'], 'each file must say "version: 1"', RULE),
    );
  return problems;
}

function expandedScalars(node: SourceNode): readonly ScalarNode[] {
  switch (node.kind) {
    case 'scalar':
      return node.expanded ? [node] : [];
    case 'list':
      return node.items.flatMap(expandedScalars);
    case 'mapping':
      return [...node.entries.values()].flatMap(({ value }) => expandedScalars(value));
    default:
      return node satisfies never;
  }
}
