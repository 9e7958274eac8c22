import type { KeyPath } from '../problems/key-path.ts';
import { problemAt, type Problem } from '../problems/problem.ts';
import { itemsAt, keysAt, nodeAt, type SourceNode } from './source-tree.ts';

/** Keys of the shorthands whose values become values of a `match`. */
const SHORTHAND_IDS = ['projectId', 'groupId'] as const;

/**
 * Claims are compared as text, but YAML first converts unquoted scalars to numbers. A value is ambiguous if
 * the two texts differ (`0x10`, `1e3`, `007`, 2^53 + 1, `True`) or if no claim can match the number.
 */
export function checkMatchScalars(root: SourceNode): Problem[] {
  const paths: readonly KeyPath[] = [
    ...keysAt(root, ['identities']).map((name) => ['identities', name, 'match']),
    ...itemsAt(root, ['delegations']).map((index) => ['delegations', index, 'match']),
    ...keysAt(root, ['workloadIdentities']).flatMap((name) =>
      SHORTHAND_IDS.map((key) => ['workloadIdentities', name, key]),
    ),
  ];
  return paths.flatMap((path) => {
    const node = nodeAt(root, path);
    return node === undefined ? [] : scalarProblems(node, path);
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
      if (value === null || typeof value === 'string') return [];
      if (String(value) !== text) {
        return [problemAt(mark, path, `YAML reads this as ${String(value)}; put it in quotes`)];
      }
      if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
        const message =
          'is a number beyond ±(2^53 − 1), where neighbours are not told apart; put it in quotes';
        return [problemAt(mark, path, message)];
      }
      return [];
    }
    default:
      return node satisfies never;
  }
}
