import type { VerifiedCredential } from '../contract/credential.ts';
import type { Caller, Deny } from '../contract/decision.ts';
import { claimsUsed } from './claims-used.ts';
import { explain } from './explain.ts';
import type { Question } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { createIdentify } from './identify.ts';
import { compilePolicy, known } from './policy.ts';
import { createServiceAuthorizer } from './service-authorizer.ts';
import type { ServiceAuthorizer } from './service-authorizer.ts';
import type { PolicySettings } from './settings.ts';

/** One compiled policy. A reload makes a new one; nothing that an old one derived outlives it. */
export interface Authorizer {
  /** Throws `config_invalid` where the policy has no such service. */
  forService(name: string): ServiceAuthorizer;
  /** The caller that the first matching identity makes of a credential, whatever the service. */
  identify(credential: VerifiedCredential): Caller | Deny;
  /** Claims that it asks about, as `match` and templates name them. */
  readonly claimsUsed: ReadonlySet<string>;
  /** Why a request is allowed or not; for operators, not for clients. */
  explain(question: Question): Explanation;
}

export function createAuthorizer(settings: PolicySettings): Authorizer {
  const policy = compilePolicy(settings);
  const identify = createIdentify(policy.identities);
  const authorizers = new Map(
    [...policy.services].map(([name, service]) => [
      name,
      createServiceAuthorizer(service, identify, policy.allowlist),
    ]),
  );

  return {
    forService: (name) => known(authorizers, name, 'service'),
    identify(credential) {
      const identified = identify(credential);
      return identified.kind === 'caller' ? identified.caller : identified.deny;
    },
    claimsUsed: claimsUsed(policy),
    explain: (question) =>
      explain(
        known(policy.services, question.service, 'service'),
        policy.identities,
        question,
        known(authorizers, question.service, 'service')(question.credential, question.operations),
      ),
  };
}
