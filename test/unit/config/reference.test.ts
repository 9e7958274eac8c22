import { expect, test } from 'vitest';
import { configJsonSchema, configReference } from '../../../src/config/index.ts';

/** Names of keys, wherever they stand. */
function keysIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, ...rest } = schema as { properties?: Record<string, unknown> };
  return [
    ...Object.entries(properties ?? {}).flatMap(([key, child]) => [key, ...keysIn(child)]),
    ...Object.values(rest).flatMap(keysIn),
  ];
}

const page = configReference();

test('every key of the schema is on the page, and has a value that says what it is', () => {
  const { properties, ...rest } = configJsonSchema() as { properties: Record<string, unknown> };
  const sections = Object.keys(properties);
  for (const name of sections) expect(page).toMatch(new RegExp(`^## ${name}(\\.NAME)?$`, 'm'));
  const inner = [...Object.values(properties), rest].flatMap(keysIn).filter((key) => key !== 'type');
  const missing = [...new Set(inner)].filter((key) => !new RegExp(`[\`.]${key}[\`[.]`).test(page));
  expect(missing).toEqual([]);
  expect(page).not.toMatch(/undefined|\[object|\| {2}\| [A-Z]/);
});

test('what some types of service have alone stands with them, what all have stands once', () => {
  const [common = '', ...types] = page.slice(page.indexOf('## services')).split('\n### type: ');
  const oci = types.find((text) => text.startsWith('oci\n'));
  expect(oci).toContain('`repositoryPrefix`');
  expect(common).not.toContain('repositoryPrefix');
  expect(common).toContain('| **`upstream.url`** | text |');
  expect(types.join('')).not.toContain('upstream.url');
});

test.each([
  [
    'a duration with its default',
    '| `limits.headersTimeout` | duration | Maximum time to receive a request head. Default 15s. |',
  ],
  ['alternatives', '| `mode` | `enforce`, `shadow` |'],
  ['a required entry of a list', '| **`[].service`** | text | Name of a service. |'],
  ['a mapping of lists', '## jobTokenAllowlist.NAME\n\nTarget project ← projects'],
])('%s', (_, line) => {
  expect(page).toContain(line);
});

test('the JSON Schema defines what its service types share once, and refers to it', () => {
  const { $defs, ...rest } = configJsonSchema() as { $defs: Record<string, unknown> };
  const text = JSON.stringify({ $defs, ...rest });
  const references = [...text.matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map(([, name]) => name);
  expect(new Set(references)).toEqual(new Set(Object.keys($defs)));
  expect(text.split('"hostHeader"')).toHaveLength(2);
});
