import { namesOfClaim } from '../../../core/credentials/claims.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { comment, placeOf } from '../comments.ts';
import type { OwnedLine } from '../valid-lines.ts';
import { yamlList, yamlText } from '../../yaml-text.ts';
import { conditionText, yamlValue, type Match } from './match-of.ts';
import type { VaultRole } from './role.ts';

/** An identity that accepts tokens of a role. */
export interface ImportedIdentity {
  readonly file: string;
  readonly name: string;
  readonly role: VaultRole;
  readonly match: Match;
  /** The roles of the configuration for the policies. */
  readonly roles: readonly string[];
  /** Added to the match where the roles have different audiences. */
  readonly audiences: readonly string[];
}

export function identityLines(
  identity: ImportedIdentity,
  type: IssuerType,
): readonly OwnedLine<ImportedIdentity>[] {
  const { file, name, role, match, roles, audiences } = identity;
  const advice = role.advice.map(({ line, text }) => `  ${comment(`${placeOf({ file, line })}: ${text}`)}`);
  return [
    `  ${comment(placeOf({ file, line: role.line }))}`,
    ...advice,
    `  ${yamlText(name)}:`,
    '    issuer: jobs',
    '    match:',
    ...[...match].map(([claim, operators]) => `      ${yamlText(claim)}: ${conditionText(operators)}`),
    ...(audiences.length === 0 || match.has('aud')
      ? []
      : [`      aud: { in: [${audiences.map(yamlValue).join(', ')}] }`]),
    ...(bindsId(match, type) ? [] : ['    allowMutableNames: true # bind an id in addition to the names']),
    ...(roles.length === 0 ? [] : [`    roles: ${yamlList(roles)}`]),
    ...(role.lifetime === undefined ? [] : [`    tokenLifetime: ${role.lifetime}s`]),
  ].map((text) => ({ text, owner: identity }));
}

/** Whether the match binds an id, as identities of GitLab and GitHub must. */
function bindsId(match: Match, type: IssuerType): boolean {
  const ids = ISSUER_PRESETS[type].immutableIds;
  if (ids.length === 0 || type === 'entra') return true;
  return ids.some((id) =>
    namesOfClaim(id).some((claim) => match.get(claim)?.some(({ operator }) => operator === 'in')),
  );
}
