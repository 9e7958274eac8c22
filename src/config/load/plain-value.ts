import { dirname, resolve } from 'node:path';
import type { KeyPath } from '../problems/key-path.ts';
import { SchemaPlace } from '../schema/schema-place.ts';
import type { ScalarNode, SourceNode } from './source-tree.ts';

export type PlainValue = string | number | boolean | null | PlainValue[] | PlainMapping;
export interface PlainMapping {
  [key: string]: PlainValue;
}

/** The tree as plain values for the schema; relative file names are resolved against the file that contains them. */
export function toPlain(root: SourceNode): PlainValue {
  return plainAt(root, new SchemaPlace());
}

function plainAt(node: SourceNode, place: SchemaPlace): PlainValue {
  switch (node.kind) {
    case 'scalar':
      return place.isFilePath ? filePath(node) : node.value;
    case 'list': {
      const item = place.child(0);
      return node.items.map((each) => plainAt(each, item));
    }
    case 'mapping':
      return Object.fromEntries(
        Array.from(node.entries, ([key, { value }]) => [key, plainAt(value, place.child(key))]),
      );
    default:
      return node satisfies never;
  }
}

function filePath({ value, text, mark, expanded }: ScalarNode): PlainValue {
  const isText = typeof value === 'string' || (expanded && value !== null);
  return isText && text !== '' ? resolve(dirname(mark.file), text) : value;
}

/** Removes a key, or the whole list of an item, if present. */
export function removeAt(root: PlainMapping, path: KeyPath): void {
  const parent = containerOf(root, path);
  const key = path.at(-1);
  if (parent !== undefined && key !== undefined) delete parent[key];
}

export function replaceAt(root: PlainMapping, path: KeyPath, value: PlainValue): void {
  const parent = containerOf(root, path);
  const key = path.at(-1);
  if (parent !== undefined && key !== undefined) parent[key] = value;
}

function containerOf(root: PlainMapping, path: KeyPath): Record<string | number, PlainValue> | undefined {
  let value: PlainValue = root;
  for (const key of path.slice(0, -1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const next: PlainValue | undefined = (value as Record<string | number, PlainValue>)[key];
    if (next === undefined) return undefined;
    value = next;
  }
  return typeof value === 'object' && value !== null
    ? (value as Record<string | number, PlainValue>)
    : undefined;
}
