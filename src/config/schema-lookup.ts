import { PLAIN_SCHEMA, type JsonSchema } from './json-schema.ts';
import type { KeyPath } from './key-path.ts';

/** The alternatives that the schema has for the value at a path; none where it knows no such path. */
function schemasAt(path: KeyPath): readonly JsonSchema[] {
  let found = alternatives(PLAIN_SCHEMA);
  for (const key of path) found = found.flatMap((schema) => step(schema, key)).flatMap(alternatives);
  return found;
}

export function knownKeysAt(path: KeyPath): string[] {
  return [...new Set(schemasAt(path).flatMap(({ properties }) => Object.keys(properties ?? {})))];
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
