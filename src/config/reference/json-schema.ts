import { z } from 'zod';
import { configSchema } from '../schema/schema.ts';
import { shareDefinitions } from './shared-definitions.ts';
import { mapSubschemas, type JsonSchema } from './subschemas.ts';

/** The schema of a loaded configuration, after variables are expanded. It contains no references. */
export const PLAIN_SCHEMA = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;

/** The schema of the YAML files, for editors: each scalar also accepts a variable. */
export function configJsonSchema(): object {
  const { $schema, ...rest } = PLAIN_SCHEMA;
  const { schema, definitions } = shareDefinitions(withNamedLists(withVariables(rest)), [VARIABLE_NAME]);
  return {
    $schema,
    $id: 'urn:gatehouse:schema:config',
    title: 'Gatehouse configuration',
    description:
      'One file of a Gatehouse configuration. Generated from src/config/schema/schema.ts: do not edit.',
    ...schema,
    $defs: {
      [VARIABLE_NAME]: { type: 'string', pattern: '\\$\\{', description: '${NAME} or ${NAME:-default}' },
      ...definitions,
    },
  };
}

/** The loader converts a list of `identities` to a mapping of names; a file contains either. */
function withNamedLists(schema: JsonSchema): JsonSchema {
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([key, section]) => [
        key,
        key === 'identities' ? mappingOrList(section) : section,
      ]),
    ),
  };
}

function mappingOrList(section: JsonSchema): JsonSchema {
  const { type, propertyNames, additionalProperties, ...described } = section;
  if (typeof additionalProperties !== 'object') throw new Error('the section is no mapping of names');
  const required = ['name', ...(additionalProperties['required'] as readonly string[])];
  const properties = { name: propertyNames as JsonSchema, ...additionalProperties.properties };
  const items = { ...additionalProperties, properties, required };
  return {
    ...described,
    anyOf: [
      { type, propertyNames, additionalProperties },
      { type: 'array', items },
    ],
  };
}

const VARIABLE_NAME = 'variable';
const VARIABLE = { $ref: `#/$defs/${VARIABLE_NAME}` };

function withVariables(schema: JsonSchema): JsonSchema {
  if (!isRestrictedScalar(schema)) return mapSubschemas(schema, '', withVariables);
  const { description, default: fallback, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, VARIABLE],
  };
}

/** Whether the schema rejects the text of a variable. A `const` keeps its type: it selects versions and types. */
function isRestrictedScalar(schema: JsonSchema): boolean {
  const { type } = schema;
  if (type === 'number' || type === 'integer' || type === 'boolean') return !('const' in schema);
  return type === 'string' && ('enum' in schema || 'pattern' in schema);
}
