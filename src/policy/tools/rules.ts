import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import type { Explanation, GrantTrace } from '../explain/explanation.ts';

/** The path of a rule in the configuration, as in messages of the loader. */
export type RulePath = readonly (string | number)[];

export interface ConsideredRule {
  readonly path: RulePath;
  /** `used`: it matched the credential or covered an operation. `rejected`: it was evaluated and did not. */
  readonly outcome: 'used' | 'rejected';
}

/** Every rule that an evaluation considered: identities, grants of the matched identity, anonymous rules, allowlist. */
export function consideredRules({ service, identities, operations }: Explanation): ConsideredRule[] {
  const rules: ConsideredRule[] = [];
  const matched = identities.find(({ outcome }) => outcome === 'matched')?.identity;
  for (const { identity, outcome } of identities)
    rules.push({ path: pathOfIdentity(identity), outcome: outcome === 'matched' ? 'used' : 'rejected' });
  for (const { grants, allowlist } of operations) {
    for (const grant of grants)
      rules.push({
        path: pathOfGrant(grant, service, matched),
        outcome: grant.outcome === 'hit' ? 'used' : 'rejected',
      });
    if (allowlist?.kind === 'open' && allowlist.entry !== undefined)
      rules.push({
        path: ['jobTokenAllowlist', allowlist.entry.target, allowlist.entry.index],
        outcome: 'used',
      });
    if (allowlist?.kind === 'refused' && allowlist.target !== undefined)
      rules.push({ path: ['jobTokenAllowlist', allowlist.target], outcome: 'rejected' });
  }
  return rules;
}

const DEPLOY_TOKEN_PREFIX = deployTokenIdentity('');

function pathOfIdentity(identity: string): RulePath {
  return identity.startsWith(DEPLOY_TOKEN_PREFIX)
    ? ['deployTokens', identity.slice(DEPLOY_TOKEN_PREFIX.length)]
    : ['identities', identity];
}

function pathOfGrant({ origin, index }: GrantTrace, service: string, matched = ''): RulePath {
  switch (origin.kind) {
    case 'role':
      return ['roles', origin.role, index];
    case 'identity':
      return [...pathOfIdentity(matched), 'grants', index];
    case 'anonymous':
      return ['services', service, 'anonymous', index];
    default:
      return origin satisfies never;
  }
}
