import { jsonText } from '../../util/json/text.ts';
import type { Suggestion } from '../../app/build.ts';

type Grants = Suggestion['identities'][number]['grants'];

/** YAML for the configuration. `placeOf`: file and line of an existing entry, for a comment. */
export function formatSuggestion(
  { grants, deployTokens, identities }: Suggestion,
  placeOf: (section: string, name: string) => string | undefined,
): string {
  const existing = (section: string, entries: ReadonlyMap<string, Grants>): string[] =>
    [...entries].flatMap(([name, each]) => [
      `  # add to ${section}.${name} (${placeOf(section, name) ?? 'in the configuration'})`,
      `  ${key(name)}:`,
      ...grantLines(each),
    ]);
  const added = identities.flatMap(({ name, issuer, via, match, grants: each }) => [
    '  # new; choose a name, and keep it after all other identities',
    `  ${key(name)}:`,
    `    issuer: ${key(issuer)}`,
    ...(via.join() === 'id_token' ? [] : [`    via: ${list(via)}`]),
    '    match:',
    ...Object.entries(match).map(([claim, value]) => `      ${key(claim)}: ${jsonText(value)}`),
    ...grantLines(each),
  ]);
  const ofIdentities = [...existing('identities', grants), ...added];
  const ofTokens = existing('deployTokens', deployTokens);
  return [
    ...(ofIdentities.length === 0 ? [] : ['identities:', ...ofIdentities]),
    ...(ofTokens.length === 0 ? [] : ['deployTokens:', ...ofTokens]),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function grantLines(grants: Grants): string[] {
  return [
    '    grants:',
    ...grants.flatMap(({ service, scopes, resources }) => [
      `      - service: ${key(service)}`,
      `        scopes: ${list(scopes)}`,
      '        resources:',
      ...resources.map((resource) => `          - ${jsonText(resource)}`),
    ]),
  ];
}

function list(values: readonly string[]): string {
  return `[${values.map(key).join(', ')}]`;
}

/** A plain scalar where YAML cannot read it as another type. A JSON string is a YAML string. */
function key(text: string): string {
  return /^[a-z][a-z_-]*[a-z]$/.test(text) && !RESERVED.has(text) ? text : jsonText(text);
}

const RESERVED = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off']);
