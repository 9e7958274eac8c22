import { jsonText } from '../../util/json/text.ts';
import type { Suggestion } from '../../app/tools.ts';
import { yamlGrant, yamlList, yamlText } from '../yaml-text.ts';

type Grants = Suggestion['identities'][number]['grants'];

/** YAML for the configuration. `placeOf`: file and line of an existing entry, for a comment. */
export function formatSuggestion(
  { grants, deployTokens, identities }: Suggestion,
  placeOf: (section: string, name: string) => string | undefined,
): string {
  const existing = (section: string, entries: ReadonlyMap<string, Grants>): string[] =>
    [...entries].flatMap(([name, each]) => [
      `  # add to ${section}.${name} (${placeOf(section, name) ?? 'in the configuration'})`,
      `  ${yamlText(name)}:`,
      ...grantLines(each),
    ]);
  const added = identities.flatMap(({ name, issuer, via, match, grants: each }) => [
    '  # new; choose a name, and keep it after all other identities',
    `  ${yamlText(name)}:`,
    `    issuer: ${yamlText(issuer)}`,
    ...(via.join() === 'id_token' ? [] : [`    via: ${yamlList(via)}`]),
    '    match:',
    ...Object.entries(match).map(([claim, value]) => `      ${yamlText(claim)}: ${jsonText(value)}`),
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
  return ['    grants:', ...grants.flatMap(yamlGrant).map((line) => `      ${line}`)];
}
