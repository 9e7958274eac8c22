import type { GuardedClaim } from '../../../core/issuers/guarded-claims.ts';
import { ISSUER_PRESETS } from '../../../core/issuers/issuer-presets.ts';
import type { ConditionRule } from '../../../core/issuers/issuer-preset.ts';
import { plainClaimName } from '../../../core/credentials/claims.ts';
import type { DraftIdentity } from '../../model/draft.ts';
import { identitiesOf } from '../../model/expand-workload.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { acceptsValue, conditionsOn, listsValues, matchesAnything } from '../../model/match-parts.ts';
import type { RuleContext } from '../rule.ts';

/** Reports identities that match more tokens than their conditions suggest. */
export function checkWeakPolicy(context: RuleContext): void {
  const types = new Map(context.draft.issuers.map(({ name, type }) => [name, type]));
  const written = new Set(context.draft.identities.map(({ name }) => name));
  for (const identity of identitiesOf(context.draft)) {
    const type = types.get(identity.issuer);
    if (type === undefined) continue;
    // A workload identity has no `match` in the file, so its problems are reported at its entry.
    const pathTo = (...claim: string[]): KeyPath =>
      written.has(identity.name)
        ? ['identities', identity.name, 'match', ...claim]
        : ['workloadIdentities', identity.name];
    for (const guard of ISSUER_PRESETS[type].guards) checkGuardedClaim(context, identity, guard, pathTo);
    for (const rule of ISSUER_PRESETS[type].conditionRules) checkRule(context, identity, rule, pathTo);
    if (type === 'gitlab') {
      checkRefType(context, identity, pathTo);
      checkEnvironment(context, identity, pathTo);
    }
    if (type === 'entra') checkTokenOfUser(context, identity, pathTo);
  }
}

type PathTo = (...claim: string[]) => KeyPath;

/** An exclusion or a pattern accepts values that its author did not list, so only a list of values is allowed. */
function checkGuardedClaim(
  context: RuleContext,
  { match }: DraftIdentity,
  guard: GuardedClaim,
  pathTo: PathTo,
): void {
  if (listsValues(match, guard.claim)) return;
  const conditions = conditionsOn(match, guard.claim);
  const [first] = conditions;
  if (first === undefined) return;
  switch (guard.kind) {
    case 'default_condition': {
      const accepted = guard.refusedValues.filter((value) =>
        conditions.every(({ parts }) => acceptsValue(parts, value)),
      );
      if (accepted.length === 0) return;
      const message = `accepts ${accepted.join(' and ')}, ${guard.effect} with equals or in, such as ${guard.example}`;
      context.error(pathTo(first.name), message, 'key');
      return;
    }
    case 'same_claim':
      if (conditions.some(({ parts }) => parts.contains !== undefined)) return;
      context.error(
        pathTo(first.name),
        'accepts jobs of every project that it does not exclude; list the accepted projects with equals or in, such as { in: ["20"] }',
        'key',
      );
      return;
    default:
      guard satisfies never;
  }
}

function checkRule(
  context: RuleContext,
  { match, via }: DraftIdentity,
  rule: ConditionRule,
  pathTo: PathTo,
): void {
  if (!via.includes('id_token')) return;
  const report = (claim: string): void => context[METHODS[rule.severity]](pathTo(claim), rule.message, 'key');
  switch (rule.kind) {
    case 'unusable': {
      const names = new Set(rule.claims);
      for (const name of Object.keys(match)) {
        const claim = plainClaimName(name);
        if (names.has(claim) || rule.claims.some((each) => claim.startsWith(`${each}/`))) report(name);
      }
      return;
    }
    case 'needs': {
      if (rule.other.some((claim) => narrowingOn(match, claim).length > 0)) return;
      const [first] = rule.claims.flatMap((claim) => conditionsOn(match, claim));
      if (first !== undefined) report(first.name);
      return;
    }
    default:
      rule satisfies never;
  }
}

const METHODS = { error: 'error', warning: 'warn' } as const;

/** `ref` is a name without its type. GitLab's `ref_path` and GitHub's `ref` contain the type. */
function checkRefType(context: RuleContext, { match }: DraftIdentity, pathTo: PathTo): void {
  const [ref] = narrowingOn(match, 'ref');
  if (ref === undefined || narrowingOn(match, 'ref_path').length > 0) return;
  const types = conditionsOn(match, 'ref_type');
  const acceptsBoth = ['branch', 'tag'].every((type) =>
    types.every(({ parts }) => acceptsValue(parts, type)),
  );
  if (!acceptsBoth || listsValues(match, 'ref_type')) return;
  const message =
    'matches both a branch and a tag of this name; add ref_type: branch (or tag), and ref_protected: true if the ref is protected';
  context.warn(pathTo(ref), message, 'key');
}

/** The author of a job sets both claims in .gitlab-ci.yml, on any branch. */
function checkEnvironment(context: RuleContext, { match, via }: DraftIdentity, pathTo: PathTo): void {
  if (!via.includes('id_token')) return;
  for (const claim of ['environment', 'deployment_tier']) {
    const [condition] = narrowingOn(match, claim);
    if (condition === undefined || listsValues(match, 'environment_protected')) continue;
    const message =
      'can be declared by any job of the project unless the environment is protected; add environment_protected: true (GitLab without protected environments: bind ref, ref_type and ref_protected instead)';
    context.warn(pathTo(condition), message, 'key');
  }
}

/** Delegated tokens contain the application (`azp`, `appid`) and the user's roles; only `oid` and `sub` identify the principal. */
function checkTokenOfUser(context: RuleContext, { match }: DraftIdentity, pathTo: PathTo): void {
  if (['idtyp', 'oid', 'sub'].some((claim) => listsValues(match, claim))) return;
  const [claim] = ['azp', 'appid', 'roles'].flatMap((each) => conditionsOn(match, each));
  if (claim === undefined) return;
  const message =
    'also matches delegated tokens, which an application obtains for a signed-in user; add idtyp: app (an optional claim of access tokens, set on the app registration of the gateway), or bind oid';
  context.warn(pathTo(claim.name), message, 'key');
}

/** Names of the conditions on a claim that exclude at least one value. */
function narrowingOn(match: DraftIdentity['match'], claim: string): string[] {
  return conditionsOn(match, claim)
    .filter(({ parts }) => (parts.values ?? parts.globs) !== undefined && !matchesAnything(parts))
    .map(({ name }) => name);
}
