import type { VerifiedCredential } from '../contract/credential.ts';
import { deny } from '../contract/decision.ts';
import type { Allow, Caller, Decision, Deny } from '../contract/decision.ts';
import type { Operation } from '../contract/operation.ts';
import { jsonTextUpTo } from '../lib/json-text.ts';
import type { Identify } from './identify.ts';
import { covers, expandGrants } from './permissions.ts';
import type { Permissions } from './permissions.ts';
import type { CompiledService } from './policy.ts';

/** May whoever presented this do all of these? Pure, synchronous. */
export type ServiceAuthorizer = (
  credential: VerifiedCredential | undefined,
  operations: readonly Operation[],
) => Decision;

/** What one credential is to one service. */
type Standing =
  | { readonly kind: 'caller'; readonly caller: Caller; readonly own: Permissions; readonly allow: Allow }
  | { readonly kind: 'stranger'; readonly deny: Deny };

const ANONYMOUS = allow('anonymous', undefined);

export function createServiceAuthorizer(service: CompiledService, identify: Identify): ServiceAuthorizer {
  const open = expandGrants(service.anonymous, {}, []);
  const standings = new WeakMap<VerifiedCredential, Standing>();

  const standingOf = (credential: VerifiedCredential): Standing => {
    const earlier = standings.get(credential);
    if (earlier !== undefined) return earlier;
    const standing = establish(service, identify, credential);
    standings.set(credential, standing);
    return standing;
  };

  return (credential, operations) => {
    if (credential === undefined) {
      return coversAll(open, operations)
        ? ANONYMOUS
        : deny('no_credential', `service "${service.name}" does not allow this without a credential`);
    }
    const standing = standingOf(credential);
    if (standing.kind === 'stranger') {
      return coversAll(open, operations) ? ANONYMOUS : enforce(service, standing.deny);
    }
    for (const operation of operations) {
      if (!covers(standing.own, operation) && !covers(open, operation)) {
        return enforce(service, refuse(service, standing.caller, standing.own, operation));
      }
    }
    return standing.allow;
  };
}

function establish(service: CompiledService, identify: Identify, credential: VerifiedCredential): Standing {
  const identified = identify(credential);
  if (identified.kind === 'stranger') return identified;
  const { caller, identity } = identified;
  const grants = identity.grants.filter((grant) => grant.service === service.name);
  return {
    kind: 'caller',
    caller,
    own: expandGrants(grants, credential.claims, identity.pathClaims),
    allow: allow('grant', caller),
  };
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

/** Only what policy says of a verified credential comes here, so that shadow relaxes nothing else. */
function enforce(service: CompiledService, refusal: Deny): Decision {
  switch (service.mode) {
    case 'enforce':
      return refusal;
    case 'shadow':
      return allow('shadow', refusal.caller, refusal);
    default:
      return service.mode satisfies never;
  }
}

function allow(basis: Allow['basis'], caller: Caller | undefined, relaxed?: Deny): Allow {
  return Object.freeze({ kind: 'allow', basis, caller, relaxed });
}
