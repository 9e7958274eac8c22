import type { PolicySettings } from '../settings.ts';
import { consideredRules, type RulePath } from './rules.ts';
import type { PolicyTestCase } from './run-policy-tests.ts';

export interface PolicyCoverage {
  readonly rules: number;
  readonly exercised: number;
  /** 0 to 100, rounded down, so that 100 means all. */
  readonly percent: number;
  readonly unexercised: readonly RulePath[];
}

/** The rules of a policy that no test exercises: no credential matched the identity, no request used the rule. */
export function policyCoverage(settings: PolicySettings, cases: readonly PolicyTestCase[]): PolicyCoverage {
  const used = new Set<string>();
  for (const evaluation of cases.flatMap(({ evaluations }) => evaluations)) {
    if (evaluation.kind !== 'explained') continue;
    for (const { path, outcome } of consideredRules(evaluation.explanation))
      if (outcome === 'used') used.add(JSON.stringify(path));
  }
  const all = rulesOf(settings);
  const unexercised = all.filter((path) => !used.has(JSON.stringify(path)));
  const exercised = all.length - unexercised.length;
  const percent = all.length === 0 ? 100 : Math.floor((exercised / all.length) * 100);
  return { rules: all.length, exercised, percent, unexercised };
}

/**
 * Identities of a token request (`onRequest`) and the roles that only they have are omitted: a request never matches
 * them by its credential.
 */
function rulesOf({
  identities,
  roles,
  services,
  deployTokens,
  jobTokenAllowlist,
}: PolicySettings): RulePath[] {
  const [requested, matched] = [true, false].map((onRequest) => {
    const members = identities.filter((identity) => (identity.onRequest === true) === onRequest);
    return { members, roles: new Set(members.flatMap((identity) => identity.roles)) };
  });
  const isTestable = (role: string): boolean =>
    matched?.roles.has(role) === true || requested?.roles.has(role) !== true;
  return [
    ...(matched?.members ?? []).flatMap(({ name, grants }) => withGrants(['identities', name], grants)),
    ...Object.entries(roles)
      .filter(([role]) => isTestable(role))
      .flatMap(([role, grants]) => grants.map((_, index) => ['roles', role, index])),
    ...deployTokens.flatMap(({ name, grants }) => withGrants(['deployTokens', name], grants)),
    ...services.flatMap(({ name, anonymous }) =>
      anonymous.map((_, index) => ['services', name, 'anonymous', index]),
    ),
    ...Object.entries(jobTokenAllowlist).flatMap(([target, sources]) =>
      sources.map((_, index) => ['jobTokenAllowlist', target, index]),
    ),
  ];
}

function withGrants(path: RulePath, grants: readonly unknown[]): RulePath[] {
  return [path, ...grants.map((_, index) => [...path, 'grants', index])];
}
