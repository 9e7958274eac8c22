import { PLAIN_SCHEMA } from '../reference/json-schema.ts';
import type { JsonSchema } from '../reference/subschemas.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { childOf, type SourceNode } from '../load/source-tree.ts';

/** The alternatives that the schema has for the value at a path; none where it knows no such path. */
function schemasAt(path: KeyPath, root?: SourceNode): readonly JsonSchema[] {
  let found = alternatives(PLAIN_SCHEMA);
  let node = root;
  for (const key of path) {
    node = node === undefined ? undefined : childOf(node, key);
    found = found
      .flatMap((schema) => step(schema, key))
      .flatMap(alternatives)
      .filter((schema) => node === undefined || isMeant(schema, node));
  }
  return found;
}

/** Keys that a mapping of this configuration can have; of a service, those of its type. */
export function knownKeysAt(root: SourceNode, path: KeyPath): string[] {
  return [...new Set(schemasAt(path, root).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** Alternatives are told apart by a `const`. */
function isMeant({ properties = {} }: JsonSchema, node: SourceNode): boolean {
  return Object.entries(properties).every(([key, { const: wanted }]) => {
    const child = childOf(node, key);
    return typeof wanted !== 'string' || child?.kind !== 'scalar' || child.text === wanted;
  });
}

export function descriptionAt(path: KeyPath): string | undefined {
  const parent = schemasAt(path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined) return undefined;
  return parent.flatMap((schema) => step(schema, key)).find(({ description }) => description !== undefined)
    ?.description;
}

/** The schema marks the names of files, so that no list of them can be forgotten. */
export function isFilePath(path: KeyPath): boolean {
  return schemasAt(path).some(({ format }) => format === 'path');
}

function step(schema: JsonSchema, key: string | number): JsonSchema[] {
  if (typeof key === 'number') return schema.items === undefined ? [] : [schema.items];
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return [properties[key] as JsonSchema];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf;
  return inner === undefined ? [schema] : inner.flatMap(alternatives);
}
