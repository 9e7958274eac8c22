import { z } from 'zod';
import { configSchema } from '../schema/schema.ts';

/** What we read of JSON Schema; everything else passes through as it is. */
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

/** As the loader checks values, after variables were put in. */
export const PLAIN_SCHEMA = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;

/** For editors: the shape of the YAML, where a variable may stand for any scalar. */
export function configJsonSchema(): object {
  const { $schema, ...rest } = PLAIN_SCHEMA;
  return {
    $schema,
    $id: 'urn:gatehouse:schema:config',
    title: 'Gatehouse configuration',
    description:
      'One file of a Gatehouse configuration. Generated from src/config/schema/schema.ts: do not edit.',
    ...withVariables(rest),
    $defs: { variable: { type: 'string', pattern: '\\$\\{', description: '${NAME} or ${NAME:-default}' } },
  };
}

const VARIABLE = { $ref: '#/$defs/variable' };

function withVariables(schema: JsonSchema): JsonSchema {
  if (isRestrictedScalar(schema)) {
    const { description, default: fallback, ...rest } = schema;
    return {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
      anyOf: [rest, VARIABLE],
    };
  }
  const { properties, additionalProperties, items, anyOf, oneOf } = schema;
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: mapValues(properties) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: withVariables(additionalProperties) }
      : {}),
    ...(items === undefined ? {} : { items: withVariables(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(withVariables) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(withVariables) }),
  };
}

function mapValues(properties: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, withVariables(value)]));
}

/** A scalar that not every text satisfies. A `const` stays: it tells versions and types apart. */
function isRestrictedScalar(schema: JsonSchema): boolean {
  const { type } = schema;
  if (type === 'number' || type === 'integer' || type === 'boolean') return !('const' in schema);
  return type === 'string' && ('enum' in schema || 'pattern' in schema);
}
