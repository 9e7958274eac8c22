import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Caller, Deny } from '../../core/decision.ts';
import { claimsUsed } from '../compile/claims-used.ts';
import { explain } from '../explain/explain.ts';
import type { ExplainedRequest } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import { effectiveGrants, type EffectiveGrant } from './effective-grants.ts';
import { createIdentify, identifyAs } from './identify.ts';
import type { Identified } from './identify.ts';
import { compilePolicy, known } from '../compile/policy.ts';
import { createServiceAuthorizer } from './service-authorizer.ts';
import type { ServiceAuthorizer } from './service-authorizer.ts';
import type { PolicySettings } from '../settings.ts';
import { createUnknownAuthorizer, type UnknownAuthorizer } from './unknown-operation.ts';

/** One compiled policy. A reload makes a new one; nothing that an old one derived outlives it. */
export interface Authorizer {
  /** Throws `config_invalid` where the policy has no such service. */
  forService(name: string): ServiceAuthorizer;
  /** For requests that are no operation of this service. Throws as `forService`. */
  forUnknown(name: string): UnknownAuthorizer;
  /** The caller that the first matching identity makes of a credential, whatever the service. */
  identify(credential: VerifiedCredential): Caller | Deny;
  /** The caller that this identity makes of a credential, and no other identity. */
  identifyAs(identity: string, credential: VerifiedCredential): Caller | Deny;
  /** What a caller may do, on all services; of a minted token, no more than it was minted for. */
  grantsOf(caller: Caller): readonly EffectiveGrant[];
  /** Claims that it asks about, as `match` and templates name them. */
  readonly claimsUsed: ReadonlySet<string>;
  /** Why a request is allowed or not; for operators, not for clients. */
  explain(question: ExplainedRequest): Explanation;
}

export function createAuthorizer(settings: PolicySettings): Authorizer {
  const policy = compilePolicy(settings);
  const identify = createIdentify(policy.identities);
  const identities = new Map(policy.identities.map((identity) => [identity.name, identity]));
  const authorizers = new Map(
    [...policy.services].map(([name, service]) => [
      name,
      createServiceAuthorizer(service, identify, policy.allowlist),
    ]),
  );

  return {
    forService: (name) => known(authorizers, name, 'service'),
    forUnknown: (name) => createUnknownAuthorizer(known(policy.services, name, 'service'), identify),
    identify: (credential) => callerOf(identify(credential)),
    identifyAs: (name, credential) => callerOf(identifyAs(known(identities, name, 'identity'), credential)),
    grantsOf: (caller) => effectiveGrants(known(identities, caller.identity, 'identity'), caller.credential),
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

function callerOf(identified: Identified): Caller | Deny {
  return identified.kind === 'caller' ? identified.caller : identified.deny;
}
