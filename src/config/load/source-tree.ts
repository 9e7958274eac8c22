import type { KeyPath } from '../problems/key-path.ts';
import type { Mark } from '../problems/problem.ts';

/**
 * A configuration as written: plain values with their positions. Mappings are Maps, which keep the order
 * of the file; an object would move integer-like keys to the front.
 */
export type SourceNode = MappingNode | ListNode | ScalarNode;

export interface MappingNode {
  readonly kind: 'mapping';
  readonly mark: Mark;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The file has a list of entries with `name` here. */
  readonly listed?: true;
}

/** Keys with a special meaning on JavaScript objects. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export interface Entry {
  /** Position of the key. */
  readonly mark: Mark;
  readonly value: SourceNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly mark: Mark;
  readonly items: readonly SourceNode[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly mark: Mark;
  readonly value: string | number | boolean | null;
  /** The text as written, after the expansion of variables. */
  readonly text: string;
  /** Unquoted: YAML determines the type. */
  readonly plain: boolean;
  /** The text contains the value of a variable and may be a secret: never print it. */
  readonly expanded: boolean;
}

export function childOf(node: SourceNode, key: string | number): SourceNode | undefined {
  switch (node.kind) {
    case 'mapping':
      return node.entries.get(String(key))?.value;
    case 'list':
      return typeof key === 'number' ? node.items[key] : undefined;
    case 'scalar':
      return undefined;
    default:
      return node satisfies never;
  }
}

export function nodeAt(root: SourceNode, path: KeyPath): SourceNode | undefined {
  let node: SourceNode | undefined = root;
  for (const key of path) {
    if (node === undefined) return undefined;
    node = childOf(node, key);
  }
  return node;
}

/** Keys in the order of the files. */
export function keysAt(root: SourceNode, path: KeyPath): string[] {
  const node = nodeAt(root, path);
  return node?.kind === 'mapping' ? [...node.entries.keys()] : [];
}

/** Indexes of a list. */
export function itemsAt(root: SourceNode, path: KeyPath): number[] {
  const node = nodeAt(root, path);
  return node?.kind === 'list' ? [...node.items.keys()] : [];
}

/**
 * The position to report for a path: its value if that is a scalar, else its key; for a missing value, the nearest
 * existing parent.
 */
export function markAt(root: SourceNode, path: KeyPath, place: 'key' | 'value' = 'value'): Mark {
  let node: SourceNode = root;
  let mark = root.mark;
  for (const key of path) {
    const entry = node.kind === 'mapping' ? node.entries.get(String(key)) : undefined;
    const next = entry?.value ?? childOf(node, key);
    if (next === undefined) return mark;
    mark = entry?.mark ?? next.mark;
    node = next;
  }
  return place === 'value' && node.kind === 'scalar' ? node.mark : mark;
}
