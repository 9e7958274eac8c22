import type { TokenLimits, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Allow, Caller, Decision, Deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import { jsonTextUpTo } from '../../util/json/text.ts';
import { allow, enforce } from './enforce.ts';
import { isAnonymousToken, type Identify } from './identify.ts';
import type { AllowlistVerdict, JobTokenAllowlist } from '../compile/job-token-allowlist.ts';
import { isBeyondJobToken } from './job-token-scopes.ts';
import { ownProjectNames } from './own-project.ts';
import { covers, expandGrants } from './permissions.ts';
import type { Permissions } from './permissions.ts';
import type { CompiledService } from '../compile/policy.ts';
import { withinLimits } from './token-limits.ts';

/** May whoever presented this do all of these? Pure, synchronous. */
export type ServiceAuthorizer = (
  credential: VerifiedCredential | undefined,
  operations: readonly Operation[],
) => Decision;

/** What one credential is to one service. */
type CallerState =
  | {
      readonly kind: 'caller';
      readonly caller: Caller;
      readonly own: Permissions;
      /** The operation by every name that its resource has to this caller. */
      readonly named: ReturnType<typeof ownProjectNames>;
      /** Undefined where the job-token allowlist does not bind this caller here. */
      readonly allowlisted: ReturnType<JobTokenAllowlist['evaluate']>;
      readonly allow: Allow;
    }
  | { readonly kind: 'stranger'; readonly deny: Deny };

const ANONYMOUS = allow('anonymous', undefined);

export function createServiceAuthorizer(
  service: CompiledService,
  identify: Identify,
  allowlist: JobTokenAllowlist,
): ServiceAuthorizer {
  const open = expandGrants(service.anonymous, {}, []);
  const states = new WeakMap<VerifiedCredential, CallerState>();

  const stateOf = (credential: VerifiedCredential): CallerState => {
    const earlier = states.get(credential);
    if (earlier !== undefined) return earlier;
    const state = evaluateCaller(service, identify, allowlist, credential);
    states.set(credential, state);
    return state;
  };

  return (credential, operations) => {
    if (credential === undefined || isAnonymousToken(credential)) {
      return coversAll(open, operations)
        ? ANONYMOUS
        : deny('no_credential', `service "${service.name}" does not allow this without a credential`);
    }
    const state = stateOf(credential);
    if (state.kind === 'stranger') {
      return coversAll(open, operations) ? ANONYMOUS : enforce(service, state.deny);
    }
    for (const operation of operations) {
      if (covers(open, operation)) continue;
      if (isBeyondJobToken(service.type, credential, operation.scope)) {
        return enforce(service, beyondJobToken(state.caller, operation));
      }
      if (!state.named(operation).some((named) => covers(state.own, named))) {
        return enforce(service, refuse(service, state.caller, state.own, operation));
      }
      if (state.allowlisted === undefined || operation.extent === 'any') continue;
      const unlisted = refuseUnlisted(state.allowlisted, state.caller, operation);
      if (unlisted !== undefined) return enforce(service, unlisted);
    }
    // Last: only where policy would allow it does a wider token help.
    const narrow = credential.minted && findBeyond(credential.minted.limits, open, operations);
    return narrow === undefined ? state.allow : tooNarrow(state.caller, narrow);
  };
}

function evaluateCaller(
  service: CompiledService,
  identify: Identify,
  allowlist: JobTokenAllowlist,
  credential: VerifiedCredential,
): CallerState {
  const identified = identify(credential);
  if (identified.kind === 'stranger') return identified;
  const { caller, identity } = identified;
  const grants = identity.grants.filter((grant) => grant.service === service.name);
  return {
    kind: 'caller',
    caller,
    own: expandGrants(grants, credential.claims, identity.pathClaims),
    named: ownProjectNames(service.type, credential.claims, identity.pathClaims),
    allowlisted: allowlist.evaluate(service.type, credential),
    allow: allow('grant', caller),
  };
}

/** The first operation that a token was not minted for; what anybody may do needs no token. */
function findBeyond(
  limits: TokenLimits,
  open: Permissions,
  operations: readonly Operation[],
): Operation | undefined {
  return operations.find((operation) => !covers(open, operation) && !withinLimits(limits, operation));
}

/** Shadow does not relax it: a client that is told so comes back with a wider token. */
function tooNarrow(caller: Caller, operation: Operation): Deny {
  return deny('insufficient_scope', `minted without "${operation.scope}" for ${aim(operation)}`, caller);
}

/** A request for nothing is not something that anybody may do. */
function coversAll(open: Permissions, operations: readonly Operation[]): boolean {
  for (const operation of operations) if (!covers(open, operation)) return false;
  return operations.length > 0;
}

function refuse(service: CompiledService, caller: Caller, own: Permissions, operation: Operation): Deny {
  const who = `identity "${caller.identity}"`;
  const holding = own.get(operation.scope);
  if (holding === undefined) {
    const what = `scope "${operation.scope}" on service "${service.name}"`;
    return deny('scope_not_granted', `${who} does not have ${what}`, caller);
  }
  const hints = holding.unusable.map((why) => `; ${why}`).join('');
  const detail = `${who} has scope "${operation.scope}" on service "${service.name}", but not for ${aim(operation)}`;
  return deny('resource_not_granted', `${detail}${hints}`, caller);
}

function beyondJobToken(caller: Caller, { scope }: Operation): Deny {
  return deny(
    'scope_not_granted',
    `no job token has scope "${scope}" on a GitLab, whatever is granted`,
    caller,
  );
}

/** An operation on every resource reaches projects that cannot have listed the caller's. */
function refuseUnlisted(
  evaluate: (resource: string) => AllowlistVerdict,
  caller: Caller,
  { resource, extent }: Operation,
): Deny | undefined {
  const verdict: AllowlistVerdict =
    extent === 'one' ? evaluate(resource) : { kind: 'refused', target: undefined };
  if (verdict.kind === 'open') return undefined;
  const which =
    verdict.target === undefined
      ? 'no project that it lists holds'
      : `the list of "${verdict.target}" does not have the caller's project, for`;
  return deny(
    'job_token_not_allowlisted',
    `jobTokenAllowlist: ${which} ${jsonTextUpTo(200, resource)}`,
    caller,
  );
}

function aim(operation: Operation): string {
  switch (operation.extent) {
    case 'one':
      return `resource ${jsonTextUpTo(200, operation.resource)}`;
    case 'any':
      return 'any resource';
    case 'every':
      return 'all resources ("**")';
    default:
      return operation.extent satisfies never;
  }
}
