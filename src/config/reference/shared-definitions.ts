import { mapSubschemas, type JsonSchema } from './subschemas.ts';

export interface SharedSchema {
  readonly schema: JsonSchema;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** Subschemas of fewer characters than this are shorter than the reference and the definition together. */
const MIN_LENGTH = 160;

/** Moves subschemas that occur more than once into definitions, named after the key where each occurs first. */
export function shareDefinitions(root: JsonSchema, reserved: readonly string[]): SharedSchema {
  const occurrences = countOccurrences(root);
  const names = new Map<string, string>();
  const definitions = new Map<string, JsonSchema>();
  const schema = mapSubschemas(root, '', share);
  return { schema, definitions: Object.fromEntries(definitions) };

  function share(subschema: JsonSchema, key: string): JsonSchema {
    const text = JSON.stringify(subschema);
    if (text.length < MIN_LENGTH || (occurrences.get(text) ?? 0) < 2) {
      return mapSubschemas(subschema, key, share);
    }
    let name = names.get(text);
    if (name === undefined) {
      name = unusedName(key, [...reserved, ...names.values()]);
      names.set(text, name);
      definitions.set(name, mapSubschemas(subschema, key, share));
    }
    return { $ref: `#/$defs/${name}` };
  }
}

/** A repeated subschema is entered once, so its own subschemas count as repeated only if they occur elsewhere. */
function countOccurrences(root: JsonSchema): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (subschema: JsonSchema, key: string): JsonSchema => {
    const text = JSON.stringify(subschema);
    const earlier = counts.get(text) ?? 0;
    counts.set(text, earlier + 1);
    return earlier === 0 ? mapSubschemas(subschema, key, count) : subschema;
  };
  mapSubschemas(root, '', count);
  return counts;
}

function unusedName(key: string, used: readonly string[]): string {
  let name = key;
  for (let number = 2; used.includes(name); number += 1) name = `${key}${number}`;
  return name;
}
