/**
 * Puts the JSON Schema of the configuration into the schema of the chart's values, below `config`:
 * `node test/support/chart-values-schema.ts`. Helm resolves references inside this one file only.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configJsonSchema } from '../../src/config/index.ts';
import { CHART } from './chart.ts';

export const VALUES_SCHEMA = join(CHART, 'values.schema.json');

interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** The committed file with the present schema of the configuration. */
export function chartValuesSchema(): string {
  const { $schema: _, $id, title, required: _version, $defs, ...config } = configJsonSchema() as Schema;
  const values = JSON.parse(readFileSync(VALUES_SCHEMA, 'utf8')) as Schema;
  const description = `Configuration of the gateway, without version: 1 (${String($id)}, ${String(title)}).`;
  const written = {
    ...values,
    properties: { ...values.properties, config: forHelm({ ...config, description }) },
    $defs: forHelm($defs),
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

/**
 * An alternative is chosen by `type`, so that a message is about that one only, not about all. Helm's regular expressions
 * are Go's, without lookaround (RE2): such a pattern is left to `gatehouse check`.
 */
function forHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forHelm);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, each]) => key !== 'pattern' || !hasLookaround(each));
  const schema = Object.fromEntries(entries.map(([key, each]) => [key, forHelm(each)])) as Schema;
  const { oneOf = [], anyOf = [], ...rest } = schema;
  const types = oneOf.map(({ properties }) => properties?.['type']?.['const']);
  if (types.length > 0 && types.every((type) => typeof type === 'string')) {
    const type = (value: unknown): Schema => ({ properties: { type: { const: value } } });
    const branches = oneOf.map((branch, index) => conditional(type(types[index]), branch));
    const selector = { type: 'object', required: ['type'], properties: { type: { enum: types } } };
    return { ...rest, ...selector, allOf: branches };
  }
  const [mapping, list, ...others] = anyOf;
  if (mapping?.['type'] === 'object' && list?.['type'] === 'array' && others.length === 0) {
    return { ...rest, ...conditional({ type: 'array' }, list, mapping) };
  }
  return schema;
}

function conditional(test: Schema, applies: Schema, otherwise: Schema | true = true): Schema {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; no value of it is awaited
  return { if: test, then: applies, else: otherwise };
}

function hasLookaround(pattern: unknown): boolean {
  return typeof pattern === 'string' && /\(\?(?:<?[=!])/.test(pattern);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(VALUES_SCHEMA, chartValuesSchema());
}
