import type { AccessEntry, AccessQuery } from '../../core/records/access-entry.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Caller, Deny } from '../../core/decision.ts';
import { runAtOnce, type Steps } from '../../util/async/steps.ts';
import { claimsUsed } from '../compile/claims-used.ts';
import { explainDecision } from '../explain/explain.ts';
import type { ExplainedRequest } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import { effectiveGrants, type EffectiveGrant } from './effective-grants.ts';
import { createIdentify, identifyAs } from './identify.ts';
import type { Identified } from './identify.ts';
import { compilePolicy, configured } from '../compile/policy.ts';
import type { NearestPorts } from './nearest.ts';
import { listAccessIn, type AccessSettings } from '../tools/access.ts';
import { createServiceAuthorizer } from './service-authorizer.ts';
import type { ServiceAuthorizer } from './service-authorizer.ts';
import type { PolicySettings } from '../settings.ts';
import { createUnknownAuthorizer, type UnknownAuthorizer } from './unknown-operation.ts';

/** Evaluates one compiled policy. A reload creates a new authorizer. */
export interface Authorizer {
  /** Returns the authorizer of a service. Throws `config_invalid` if the policy has no such service. */
  forService(name: string): ServiceAuthorizer;
  /**
   * Returns the authorizer for requests that are not an operation of the service. Throws like `forService`.
   */
  forUnknown(name: string): UnknownAuthorizer;
  /** Matches a credential to the first matching identity, independent of a service. */
  identify(credential: VerifiedCredential): Caller | Deny;
  /** Matches a credential to this identity only. */
  identifyAs(identity: string, credential: VerifiedCredential): Caller | Deny;
  /** The effective grants of a caller on all services, within the limits of a minted token. */
  grantsOf(caller: Caller): readonly EffectiveGrant[];
  /** The claims that the policy evaluates, as `match` and resource patterns name them. */
  readonly claimsUsed: ReadonlySet<string>;
  /** Explains a decision. For operators only: an explanation discloses the policy. */
  explain(question: ExplainedRequest): Explanation;
  /** Lists access for reviews. `settings`: the settings that the policy was compiled from. For operators only. */
  access(settings: AccessSettings, query: AccessQuery): readonly AccessEntry[];
}

/** Compiles the policy without interruption. */
export function createAuthorizer(settings: PolicySettings, ports: NearestPorts = {}): Authorizer {
  return runAtOnce(compileAuthorizer(settings, ports));
}

/** Compiles the policy in steps, so that a large one does not block requests. */
export function* compileAuthorizer(settings: PolicySettings, ports: NearestPorts = {}): Steps<Authorizer> {
  const policy = yield* compilePolicy(settings);
  const identify = yield* createIdentify(policy.identities, ports);
  const claims = yield* claimsUsed(policy, settings);
  const identities = new Map(policy.identities.map((identity) => [identity.name, identity]));
  const authorizers = new Map(
    [...policy.services].map(([name, service]) => [
      name,
      createServiceAuthorizer(service, identify, policy.allowlist),
    ]),
  );

  return {
    forService: (name) => configured(authorizers, name, 'service'),
    forUnknown: (name) => createUnknownAuthorizer(configured(policy.services, name, 'service'), identify),
    identify: (credential) => callerOf(identify(credential)),
    identifyAs: (name, credential) =>
      callerOf(identifyAs(configured(identities, name, 'identity'), credential)),
    grantsOf: (caller) =>
      effectiveGrants(configured(identities, caller.identity, 'identity'), caller.credential),
    claimsUsed: claims,
    explain: (question) =>
      explainDecision(
        configured(policy.services, question.service, 'service'),
        policy,
        question,
        configured(authorizers, question.service, 'service')(question.credential, question.operations),
      ),
    access: (reviewed, query) => listAccessIn(policy, reviewed, query),
  };
}

function callerOf(identified: Identified): Caller | Deny {
  return identified.kind === 'caller' ? identified.caller : identified.deny;
}
