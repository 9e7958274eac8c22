import type { TokenLimits, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Allow, Caller, Decision, Deny } from '../../core/decision.ts';
import { Derived } from '../../core/derived.ts';
import type { Operation } from '../../core/request/operation.ts';
import { jsonTextUpTo } from '../../util/json/text.ts';
import { jobTokenCannotHave } from '../../core/refusal-messages.ts';
import { allow, enforce } from './enforce.ts';
import { isAnonymousToken, type Identify, type IdentifiedCaller } from './identify.ts';
import type { AllowlistVerdict, JobTokenAllowlist } from '../compile/job-token-allowlist.ts';
import { isUnavailableToJobToken } from './job-token-scopes.ts';
import { ownProjectNames } from './own-project.ts';
import { covers, createPermissions, expandGrants } from './permissions.ts';
import type { Permissions } from './permissions.ts';
import type { CompiledService } from '../compile/policy.ts';
import { withinLimits } from './token-limits.ts';

/** Decides whether a credential is allowed to perform all operations. Synchronous. */
export type ServiceAuthorizer = (
  credential: VerifiedCredential | undefined,
  operations: readonly Operation[],
) => Decision;

/** The result of evaluating one caller for one service, cached with the caller. */
interface CallerState {
  readonly caller: Caller;
  /** From the grants of the identity on this service. */
  readonly permissions: Permissions;
  /** Returns an operation under all names of its resource. */
  readonly synonyms: ReturnType<typeof ownProjectNames>;
  /** Undefined if the job token allowlist does not apply to this caller. */
  readonly checkAllowlist: ReturnType<JobTokenAllowlist['evaluate']>;
  readonly allow: Allow;
}

const ANONYMOUS = allow('anonymous', undefined);

/**
 * Creates the authorizer of a service. An operation is allowed if an anonymous grant covers it, or if a grant
 * of the matched identity covers it and neither the job token rules nor the limits of a minted token exclude
 * it.
 */
export function createServiceAuthorizer(
  service: CompiledService,
  identify: Identify,
  allowlist: JobTokenAllowlist,
): ServiceAuthorizer {
  const anonymous = expandGrants(service.anonymous, {}, []);
  const states = new Derived<IdentifiedCaller, CallerState>();
  const permissionsOf = createPermissions(service.name);

  const stateOf = (identified: IdentifiedCaller): CallerState => {
    const cached = states.get(identified);
    if (cached !== undefined) return cached;
    const state = evaluateCaller(service, permissionsOf, allowlist, identified);
    states.set(identified, state);
    return state;
  };

  return (credential, operations) => {
    if (credential === undefined || isAnonymousToken(credential)) {
      return coversAll(anonymous, operations)
        ? ANONYMOUS
        : deny('no_credential', `service "${service.name}" does not allow this request without a credential`);
    }
    const identified = identify(credential);
    if (identified.kind === 'unmatched') {
      return coversAll(anonymous, operations) ? ANONYMOUS : enforce(service, identified.deny);
    }
    const state = stateOf(identified);
    for (const operation of operations) {
      if (covers(anonymous, operation)) continue;
      if (isUnavailableToJobToken(service.type, credential, operation.scope)) {
        return enforce(service, denyJobTokenScope(state.caller, operation));
      }
      if (!state.synonyms(operation).some((synonym) => covers(state.permissions, synonym))) {
        return enforce(service, denyUngranted(service, state.caller, state.permissions, operation));
      }
      if (state.checkAllowlist === undefined || operation.extent === 'any') continue;
      const unlisted = denyUnlisted(state.checkAllowlist, state.caller, operation);
      if (unlisted !== undefined) return enforce(service, unlisted);
    }
    // Checked last: a token with wider limits helps only if policy allows the operation.
    const { minted } = credential;
    const excluded = minted && findExcluded(minted.limits, anonymous, operations);
    if (minted === undefined || excluded === undefined) return state.allow;
    const { loginLimits } = minted;
    const renewable =
      loginLimits === undefined || findExcluded(loginLimits, anonymous, operations) === undefined;
    return denyInsufficientScope(state.caller, excluded, renewable);
  };
}

function evaluateCaller(
  service: CompiledService,
  permissionsOf: ReturnType<typeof createPermissions>,
  allowlist: JobTokenAllowlist,
  { caller, identity }: IdentifiedCaller,
): CallerState {
  const { credential } = caller;
  return {
    caller,
    permissions: permissionsOf(identity, credential.claims),
    synonyms: ownProjectNames(service.type, credential.claims, identity.pathClaims),
    checkAllowlist: allowlist.evaluate(service.type, credential),
    allow: allow('grant', caller),
  };
}

/** Returns the first operation outside the limits of a minted token. Anonymous operations need no token. */
function findExcluded(
  limits: TokenLimits,
  anonymous: Permissions,
  operations: readonly Operation[],
): Operation | undefined {
  return operations.find((operation) => !covers(anonymous, operation) && !withinLimits(limits, operation));
}

/** Shadow mode does not relax this denial: it makes the client request a token with wider limits. */
function denyInsufficientScope(caller: Caller, operation: Operation, renewable: boolean): Deny {
  const detail = `the token was minted without scope "${operation.scope}" for ${describeTarget(operation)}`;
  return { ...deny('insufficient_scope', detail, caller), renewable, operation };
}

/** A request without operations is not anonymous: it requires an identity. */
function coversAll(permissions: Permissions, operations: readonly Operation[]): boolean {
  for (const operation of operations) if (!covers(permissions, operation)) return false;
  return operations.length > 0;
}

function denyUngranted(
  service: CompiledService,
  caller: Caller,
  permissions: Permissions,
  operation: Operation,
): Deny {
  const identity = `identity "${caller.identity}"`;
  const scope = `scope "${operation.scope}" on service "${service.name}"`;
  const granted = permissions.get(operation.scope);
  if (granted === undefined)
    return { ...deny('scope_not_granted', `${identity} does not have ${scope}`, caller), operation };
  const problems = granted.problems.map((problem) => `; ${problem}`).join('');
  const detail = `${identity} has ${scope}, but not for ${describeTarget(operation)}${problems}`;
  return { ...deny('resource_not_granted', detail, caller), operation };
}

function denyJobTokenScope(caller: Caller, operation: Operation): Deny {
  const { scope } = operation;
  const detail = `job tokens cannot have scope "${scope}" on GitLab, even if it is granted; use an ID token`;
  const message = jobTokenCannotHave(caller.identity, operation);
  return { ...deny('scope_not_granted', detail, caller), message };
}

/**
 * An operation on every resource includes projects that are not configured, and so do not list the caller's
 * project.
 */
function denyUnlisted(
  evaluate: (resource: string) => AllowlistVerdict,
  caller: Caller,
  operation: Operation,
): Deny | undefined {
  const { resource, extent } = operation;
  const verdict: AllowlistVerdict =
    extent === 'one' ? evaluate(resource) : { kind: 'refused', target: undefined };
  if (verdict.kind === 'open') return undefined;
  const name = jsonTextUpTo(200, resource);
  const detail =
    verdict.target === undefined
      ? `jobTokenAllowlist has no target project for ${name}`
      : `jobTokenAllowlist of "${verdict.target}" does not include the caller's project; resource ${name}`;
  return { ...deny('job_token_not_allowlisted', detail, caller), operation };
}

function describeTarget(operation: Operation): string {
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
