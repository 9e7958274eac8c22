import { PLAIN_SCHEMA } from '../reference/json-schema.ts';
import type { JsonSchema } from '../reference/subschemas.ts';
import { alternatives, step } from './lookup.ts';

/** A place in the schema, for values that are read in one walk. */
export class SchemaPlace {
  /** The schema marks the value as the path of a file. */
  readonly isFilePath: boolean;
  readonly #schemas: readonly JsonSchema[];
  readonly #properties: ReadonlySet<string>;
  readonly #children = new Map<string | number, SchemaPlace>();

  constructor(schemas: readonly JsonSchema[] = alternatives(PLAIN_SCHEMA)) {
    this.#schemas = schemas;
    this.isFilePath = schemas.some(({ format }) => format === 'path');
    this.#properties = new Set(schemas.flatMap(({ properties }) => Object.keys(properties ?? {})));
  }

  child(key: string | number): SchemaPlace {
    // All items have the same place, and all keys of a record.
    const shared = typeof key === 'number' ? 0 : this.#properties.has(key) ? key : '';
    const known = this.#children.get(shared);
    if (known !== undefined) return known;
    const child = new SchemaPlace(this.#schemas.flatMap((schema) => step(schema, key)).flatMap(alternatives));
    this.#children.set(shared, child);
    return child;
  }
}
