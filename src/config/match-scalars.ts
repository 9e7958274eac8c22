import type { KeyPath } from './key-path.ts';
import { problemAt, type Problem } from './problem.ts';
import { keysAt, nodeAt, type SourceNode } from './source-tree.ts';

/**
 * Claims are compared as text, and YAML turns unquoted scalars into numbers first: where the two texts
 * differ (`0x10`, `1e3`, `007`, 2^53 + 1, `True`), nobody can tell which one was meant.
 */
export function checkMatchScalars(root: SourceNode): Problem[] {
  return keysAt(root, ['identities']).flatMap((name) => {
    const path = ['identities', name, 'match'];
    const match = nodeAt(root, path);
    return match === undefined ? [] : scalarProblems(match, path);
  });
}

function scalarProblems(node: SourceNode, path: KeyPath): Problem[] {
  switch (node.kind) {
    case 'mapping':
      return [...node.entries].flatMap(([key, { value }]) => scalarProblems(value, [...path, key]));
    case 'list':
      return node.items.flatMap((item, index) => scalarProblems(item, [...path, index]));
    case 'scalar': {
      const { value, text, mark } = node;
      if (value === null || typeof value === 'string' || String(value) === text) return [];
      return [problemAt(mark, path, `YAML reads this as ${String(value)}; put it in quotes`)];
    }
    default:
      return node satisfies never;
  }
}
