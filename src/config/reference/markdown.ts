import { isDeepStrictEqual } from 'node:util';
import { BYTE_SIZE_PATTERN } from '../../util/text/byte-size.ts';
import { DURATION_PATTERN } from '../../util/text/duration.ts';
import { PLAIN_SCHEMA } from './json-schema.ts';
import type { JsonSchema } from './subschemas.ts';

interface Row {
  /** From the section on: `upstream.timeouts.connect`. */
  readonly key: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The reference page of all configuration keys, as Markdown. */
export function configReference(): string {
  const sections = Object.entries(PLAIN_SCHEMA.properties ?? {}).map(([name, schema]) =>
    sectionOf(name, schema, requiredBy(PLAIN_SCHEMA).has(name)),
  );
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# Configuration reference

<!-- Generated from src/config/schema/schema.ts by \`gatehouse schema --markdown\`: do not edit. -->

All keys of the configuration schema. \`NAME\` is a name that you choose; \`[]\` is each entry of a list.
Keys in **bold** are required if the mapping that contains them is present. Durations are written 250ms, 30s, 15m, 1h, 7d; sizes 512B, 32KiB, 10MiB, 2GiB.
\`\${VARIABLE}\` and \`\${VARIABLE:-default}\` are allowed in any scalar. A \`file\` path is relative to the configuration file. Keys that
take effect only after a restart are listed in [runtime.md](../operations/runtime.md).
`;

function sectionOf(name: string, schema: JsonSchema, required: boolean): string {
  const entry = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const types = entry?.oneOf;
  const title = `## ${name}${entry === undefined ? '' : '.NAME'}\n\n${sentences(schema, required)}`;
  if (types !== undefined) return `${title}${unionOf(types)}`;
  const list = entry ?? schema;
  const one =
    entry === undefined ? `Each entry is a ${valueOf(list.items ?? {})}` : `Each is a ${valueOf(list)}`;
  const each = list.items === undefined ? '' : `${one}.\n`;
  const rows = list.items === undefined ? rowsBelow('', list) : rowsBelow('[].', list.items);
  return `${title}${each}${rows.length === 0 ? '' : `${each === '' ? '' : '\n'}${tableOf(rows)}`}`;
}

/** First the keys that all alternatives share, then the remaining keys of each. */
function unionOf(types: readonly JsonSchema[]): string {
  const tables = types.map((type) => ({ type, rows: rowsBelow('', type) }));
  const [first, ...others] = tables;
  const isShared = (row: Row): boolean =>
    others.every(({ rows }) => rows.some((other) => isDeepStrictEqual(other, row)));
  const shared = first?.rows.filter(isShared) ?? [];
  const distinct = tables.map(({ type, rows }) => {
    const tag = type.properties?.['type'];
    const rest = rows.filter(
      (row) => row.key !== 'type' && !shared.some((one) => isDeepStrictEqual(one, row)),
    );
    const heading = `\n### type: ${String(tag?.['const'])}\n\n${tag?.description ?? ''}\n`;
    return rest.length === 0 ? heading : `${heading}\n${tableOf(rest)}`;
  });
  return `${tableOf(shared)}${distinct.join('')}`;
}

function rowsBelow(prefix: string, schema: JsonSchema): Row[] {
  const required = requiredBy(schema);
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    return [{ key, schema: child, required: required.has(name) }, ...rowsInside(key, child)];
  });
}

function rowsInside(key: string, schema: JsonSchema): Row[] {
  const { additionalProperties, items, anyOf } = schema;
  if (anyOf !== undefined) return anyOf.flatMap((each) => rowsInside(key, each));
  if (items !== undefined) return [...rowsBelow(`${key}[].`, items), ...rowsInside(`${key}[]`, items)];
  if (typeof additionalProperties !== 'object') return rowsBelow(`${key}.`, schema);
  return [
    ...rowsBelow(`${key}.NAME.`, additionalProperties),
    ...rowsInside(`${key}.NAME`, additionalProperties),
  ];
}

function tableOf(rows: readonly Row[]): string {
  const unique = rows.filter(({ key }, at) => rows.findIndex((row) => row.key === key) === at);
  const lines = unique.map(({ key, schema, required }) => {
    const name = required ? `**\`${key}\`**` : `\`${key}\``;
    return `| ${[name, valueOf(schema), schema.description ?? ''].map(cell).join(' | ')} |\n`;
  });
  return `| key | value | meaning |\n| --- | --- | --- |\n${lines.join('')}`;
}

function valueOf(schema: JsonSchema): string {
  const { type, items, anyOf, additionalProperties, format, pattern } = schema;
  if ('const' in schema) return `\`${String(schema['const'])}\``;
  if (Array.isArray(schema['enum'])) return schema['enum'].map((each) => `\`${String(each)}\``).join(', ');
  if (anyOf !== undefined) return [...new Set(anyOf.map(valueOf))].join(', or ');
  if (items !== undefined) return `list of ${valueOf(items)}`;
  if (type === 'object') return typeof additionalProperties === 'object' ? 'mapping of names' : 'mapping';
  if (format === 'path') return 'file';
  if (pattern === DURATION_PATTERN.source) return 'duration';
  if (pattern === BYTE_SIZE_PATTERN.source) return 'size';
  if (type === 'integer') return `number, ${String(schema['minimum'])} to ${String(schema['maximum'])}`;
  if (type === 'boolean') return '`true`, `false`';
  return Array.isArray(type) ? type.join(', ') : 'text';
}

function sentences({ description }: JsonSchema, required: boolean): string {
  const text = [description, required ? 'Required in every file.' : undefined].filter(
    (each) => each !== undefined,
  );
  return text.length === 0 ? '' : `${text.join(' ')}\n\n`;
}

function requiredBy(schema: JsonSchema): ReadonlySet<string> {
  const { required } = schema;
  return new Set(Array.isArray(required) ? required.map(String) : []);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
