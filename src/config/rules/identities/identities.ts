import { isChosenByHolder } from '../../../core/issuers/issuer-claims.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../../core/issuers/issuer-presets.ts';
import type { DraftCondition, DraftIdentity, DraftIssuer } from '../../model/draft.ts';
import { conditionsOn, matchesAnything, partsAt, partsOf } from '../../model/match-parts.ts';
import { checkReference, type RuleContext } from '../rule.ts';

export function checkIdentities(context: RuleContext): void {
  const issuers = new Map(context.draft.issuers.map((issuer) => [issuer.name, issuer]));
  for (const identity of context.draft.identities) {
    checkReferences(context, identity);
    if (Object.keys(identity.match).length === 0) {
      context.error(['identities', identity.name, 'match'], 'is empty: name at least one claim', 'key');
      continue;
    }
    const issuer = issuers.get(identity.issuer);
    if (issuer === undefined) continue;
    if (checkIds(context, identity, issuer)) checkBreadth(context, identity, issuer);
  }
}

function checkReferences(context: RuleContext, { name, issuer, roles }: DraftIdentity): void {
  checkReference(context, ['identities', name, 'issuer'], 'issuers', issuer);
  for (const [index, role] of roles.entries()) {
    checkReference(context, ['identities', name, 'roles', index], 'roles', role);
  }
}

/**
 * Another account can acquire a released name, but never an id (GitLab and GitHub both recommend ids).
 * False: the identity must bind an id, which also restricts it enough.
 */
function checkIds(context: RuleContext, identity: DraftIdentity, { type }: DraftIssuer): boolean {
  const ids = ISSUER_PRESETS[type].immutableIds;
  const path = ['identities', identity.name, 'match'];
  if (ids.length === 0) return true;
  const bound = ids.filter((id) => bindsId(identity, id, type));
  if (bound.length > 0 || bindsSubjectWithIds(identity, type)) {
    checkIdValues(context, identity, type, bound);
    return true;
  }
  const loose = ids.find((id) => partsAt(identity.match, id) !== undefined);
  if (type === 'entra') {
    const message =
      'must bind oid, azp or appid with equals or in, or roles with contains: every application of the tenant can get a token';
    context.error(path, message, 'key');
    return false;
  }
  if (!identity.allowMutableNames) {
    const usable = (
      identity.via.includes('deploy_token') ? ids : ids.filter((id) => id !== 'deploy_token_id')
    ).join(' or ');
    const how = loose === undefined ? `must bind ${usable}` : `must bind ${loose} with equals or in`;
    context.error(path, `${how}: names are mutable; or set allowMutableNames: true`, 'key');
    return false;
  }
  const message =
    'names are mutable: an account that acquires one of the matched names gets the rights of this identity';
  context.warn(['identities', identity.name, 'allowMutableNames'], message);
  return true;
}

function bindsId(identity: DraftIdentity, id: string, type: IssuerType): boolean {
  const parts = partsAt(identity.match, id);
  if (parts === undefined) return false;
  // Only `contains` can match a list.
  return ISSUER_PRESETS[type].lists.includes(id) ? parts.contains !== undefined : parts.values !== undefined;
}

function bindsSubjectWithIds(identity: DraftIdentity, type: IssuerType): boolean {
  const form = ISSUER_PRESETS[type].subjectWithIds;
  const { values, globs } = partsAt(identity.match, 'sub') ?? {};
  const subjects = values ?? globs ?? [];
  return form !== undefined && subjects.length > 0 && subjects.every((subject) => form.test(subject));
}

function checkIdValues(
  context: RuleContext,
  identity: DraftIdentity,
  type: DraftIssuer['type'],
  bound: readonly string[],
): void {
  const { idForm } = ISSUER_PRESETS[type];
  if (idForm === undefined) return;
  for (const { name, parts } of bound.flatMap((id) => conditionsOn(identity.match, id))) {
    const values = parts.values ?? (parts.contains === undefined ? [] : [parts.contains]);
    if (values.every((value) => idForm.pattern.test(value))) continue;
    context.error(['identities', identity.name, 'match', name], `must be ${idForm.text}`);
  }
}

function checkBreadth(context: RuleContext, identity: DraftIdentity, issuer: DraftIssuer): void {
  if (!ISSUER_PRESETS[issuer.type].open) return;
  const restricts = ([claim, condition]: [string, DraftCondition]): boolean =>
    !isChosenByHolder(issuer.type, claim) && !matchesAnything(partsOf(condition));
  if (Object.entries(identity.match).some(restricts)) return;
  const message = `matches every token of "${issuer.name}", and anyone can obtain a token there; bind a claim that the author of a job cannot choose with equals, in or a narrower glob`;
  context.error(['identities', identity.name, 'match'], message, 'key');
}
