/** Generates the chart's README from its values: `node test/support/chart-readme.ts > helm/gatehouse/README.md`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from './chart.ts';

const HEAD = `# Chart gatehouse

Installs [Gatehouse](../../README.md), an authentication gateway for machines, on Kubernetes 1.30 or newer. The image is
yours to build, from the \`Dockerfile\` of the repository.

    helm install gatehouse helm/gatehouse --values my-values.yaml --set image.repository=registry.example.com/gatehouse
    helm test gatehouse

Values to start from, each rendered, validated and its configuration started by the tests: \`ci/NAME-values.yaml\`.
How to run it (sizing, upgrades, alerts): [docs/operations/deployment.md](../../docs/operations/deployment.md).

This page is made from \`values.yaml\`: \`node test/support/chart-readme.ts > helm/gatehouse/README.md\`.

## Values

| key | what | default |
| --- | --- | --- |
`;

interface Row {
  readonly key: string;
  readonly what: string;
  readonly value: unknown;
}

export function chartReadme(): string {
  const document = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  if (!isMap(document.contents)) throw new Error('values.yaml is no mapping');
  const rows = rowsOf(document.contents, '');
  return HEAD + rows.map(({ key, what, value }) => `| \`${key}\` | ${what} | ${code(value)} |\n`).join('');
}

/** A mapping in block style is a group of values; one in flow style (`{}`) is a value. */
function rowsOf(map: YAMLMap, prefix: string): Row[] {
  return map.items.flatMap((pair) => {
    if (!isScalar(pair.key)) throw new Error(`a key below ${prefix} is none`);
    const key = `${prefix}${String(pair.key.value)}`;
    // A comment before the first key belongs to the mapping.
    const first = pair === map.items[0] ? map.commentBefore : undefined;
    const what = describe(pair.key.commentBefore ?? first);
    const { value } = pair;
    if (!isMap(value) || value.flow === true) return [{ key, what, value: plain(value) }];
    const group = what === '' ? [] : [{ key, what, value: undefined }];
    return [...group, ...rowsOf(value, `${key}.`)];
  });
}

/** The text after `-- `; other comments do not appear in the README. */
function describe(comment: string | null | undefined): string {
  const lines = (comment ?? '').split('\n').map((line) => line.trim());
  const start = lines.findLastIndex((line) => line.startsWith('-- '));
  return start === -1 ? '' : lines.slice(start).join(' ').replace('-- ', '').replaceAll('|', '\\|');
}

function plain(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'toJSON' in node
    ? (node as { toJSON(): unknown }).toJSON()
    : node;
}

function code(value: unknown): string {
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(chartReadme());
