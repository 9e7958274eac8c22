/** The keywords of JSON Schema that this module reads; all others are copied. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** A copy of the schema with `map` applied to each direct subschema; `key` is the nearest property name. */
export function mapSubschemas(
  schema: JsonSchema,
  key: string,
  map: (subschema: JsonSchema, key: string) => JsonSchema,
): JsonSchema {
  const { properties, additionalProperties, items, anyOf, oneOf } = schema;
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, child]) => [name, map(child, name)]),
          ),
        }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: map(additionalProperties, key) }
      : {}),
    ...(items === undefined ? {} : { items: map(items, key) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((child) => map(child, key)) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map((child) => map(child, key)) }),
  };
}
