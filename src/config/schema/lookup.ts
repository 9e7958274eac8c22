import { PLAIN_SCHEMA } from '../reference/json-schema.ts';
import type { JsonSchema } from '../reference/subschemas.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { childOf, type SourceNode } from '../load/source-tree.ts';

/** The schema alternatives for the value at a path; empty if the path does not exist in the schema. */
function schemasAt(path: KeyPath, root?: SourceNode, schema = PLAIN_SCHEMA): readonly JsonSchema[] {
  let found = alternatives(schema);
  let node = root;
  for (const key of path) {
    node = node === undefined ? undefined : childOf(node, key);
    found = found
      .flatMap((schema) => step(schema, key))
      .flatMap(alternatives)
      .filter((schema) => node === undefined || isSelected(schema, node));
  }
  return found;
}

/** The keys that the schema allows in the mapping at the path. For a service, the keys of its type. */
export function knownKeysAt(root: SourceNode, path: KeyPath, schema = PLAIN_SCHEMA): string[] {
  return [
    ...new Set(schemasAt(path, root, schema).flatMap(({ properties }) => Object.keys(properties ?? {}))),
  ];
}

/** A property with a `const` selects the alternative. */
function isSelected({ properties = {} }: JsonSchema, node: SourceNode): boolean {
  return Object.entries(properties).every(([key, { const: expected }]) => {
    const child = childOf(node, key);
    return typeof expected !== 'string' || child?.kind !== 'scalar' || child.text === expected;
  });
}

export function descriptionAt(path: KeyPath, schema = PLAIN_SCHEMA): string | undefined {
  const parent = schemasAt(path.slice(0, -1), undefined, schema);
  const key = path.at(-1);
  if (key === undefined) return undefined;
  return parent.flatMap((schema) => step(schema, key)).find(({ description }) => description !== undefined)
    ?.description;
}

/** The schemas of a child; none if the schema does not allow it. */
export function step(schema: JsonSchema, key: string | number): JsonSchema[] {
  if (typeof key === 'number') return schema.items === undefined ? [] : [schema.items];
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return [properties[key] as JsonSchema];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

/** The schema itself, or the alternatives of a union. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf;
  return inner === undefined ? [schema] : inner.flatMap(alternatives);
}
