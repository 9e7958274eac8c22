import { GUARDED_CLAIMS, UNTRUSTED_EVENTS } from '../../../core/guarded-claims.ts';
import type { IssuerType } from '../../../core/issuer-presets.ts';
import type { DraftIdentity } from '../../model/draft.ts';
import { identitiesOf } from '../../model/expand-workload.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { acceptsValue, conditionsOn, listsValues, matchesAnything } from '../../model/match-parts.ts';
import type { RuleContext } from '../rule.ts';

/** Identities that match more tokens than their conditions suggest. */
export function checkWeakPolicy(context: RuleContext): void {
  const types = new Map(context.draft.issuers.map(({ name, type }) => [name, type]));
  const written = new Set(context.draft.identities.map(({ name }) => name));
  for (const identity of identitiesOf(context.draft)) {
    const type = types.get(identity.issuer);
    if (type === undefined) continue;
    // The configuration has no match of a shorthand: problems of it are reported at the entry.
    const at = (...claim: string[]): KeyPath =>
      written.has(identity.name)
        ? ['identities', identity.name, 'match', ...claim]
        : ['workloadIdentities', identity.name];
    checkGuardedClaim(context, identity, type, at);
    if (type === 'gitlab') {
      checkRefType(context, identity, at);
      checkEnvironment(context, identity, at);
    }
    if (type === 'entra') checkTokenOfUser(context, identity, at);
  }
}

type Place = (...claim: string[]) => KeyPath;

/** An exclusion or a pattern accepts values that its author did not think of: only a list of values replaces the guard. */
function checkGuardedClaim(
  context: RuleContext,
  { match }: DraftIdentity,
  type: IssuerType,
  at: Place,
): void {
  const claim = GUARDED_CLAIMS[type];
  if (claim === undefined || listsValues(match, claim)) return;
  const conditions = conditionsOn(match, claim);
  const [first] = conditions;
  if (first === undefined) return;
  switch (claim) {
    case 'event_name': {
      const accepted = UNTRUSTED_EVENTS.filter((event) =>
        conditions.every(({ parts }) => acceptsValue(parts, event)),
      );
      if (accepted.length === 0) return;
      const message = `accepts ${accepted.join(' and ')}, which run with the rights of the repository on input from outside; list the accepted events with equals or in, such as { in: [push] }`;
      context.error(at(first.name), message, 'key');
      return;
    }
    case 'job_project_id':
      if (conditions.some(({ parts }) => parts.contains !== undefined)) return;
      context.error(
        at(first.name),
        'accepts jobs of every other project that it does not exclude; list the accepted projects with equals or in, such as { in: ["20"] }',
        'key',
      );
      return;
    default:
      claim satisfies never;
  }
}

/** `ref` is a name without its type: GitLab's `ref_path` and GitHub's `ref` have it inside. */
function checkRefType(context: RuleContext, { match }: DraftIdentity, at: Place): void {
  const [ref] = narrowingOn(match, 'ref');
  if (ref === undefined || narrowingOn(match, 'ref_path').length > 0) return;
  const types = conditionsOn(match, 'ref_type');
  const either = ['branch', 'tag'].every((type) => types.every(({ parts }) => acceptsValue(parts, type)));
  if (!either || listsValues(match, 'ref_type')) return;
  const message =
    'matches a branch and a tag of this name alike; add ref_type: branch (or tag), and ref_protected: true where the ref is protected';
  context.warn(at(ref), message, 'key');
}

/** Both are what the author of the job wrote into .gitlab-ci.yml, on any branch. */
function checkEnvironment(context: RuleContext, { match, via }: DraftIdentity, at: Place): void {
  if (!via.includes('id_token')) return;
  for (const claim of ['environment', 'deployment_tier']) {
    const [condition] = narrowingOn(match, claim);
    if (condition === undefined || listsValues(match, 'environment_protected')) continue;
    const message =
      'is what any job of the project can declare unless the environment is protected; add environment_protected: true (GitLab without protected environments: bind ref, ref_type and ref_protected instead)';
    context.warn(at(condition), message, 'key');
  }
}

/** Delegated tokens name the application (`azp`, `appid`) and the roles of the user: only `oid` and `sub` tell the principals apart. */
function checkTokenOfUser(context: RuleContext, { match }: DraftIdentity, at: Place): void {
  if (['idtyp', 'oid', 'sub'].some((claim) => listsValues(match, claim))) return;
  const [claim] = ['azp', 'appid', 'roles'].flatMap((each) => conditionsOn(match, each));
  if (claim === undefined) return;
  const message =
    'matches tokens that an application gets for a signed-in user too; add idtyp: app (an optional claim of access tokens, set on the app registration of the gateway), or bind oid';
  context.warn(at(claim.name), message, 'key');
}

/** Names of the conditions on a claim that some values of it do not satisfy. */
function narrowingOn(match: DraftIdentity['match'], claim: string): string[] {
  return conditionsOn(match, claim)
    .filter(({ parts }) => (parts.values ?? parts.globs) !== undefined && !matchesAnything(parts))
    .map(({ name }) => name);
}
