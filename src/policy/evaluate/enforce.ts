import type { Allow, Caller, Decision, Deny } from '../../core/decision.ts';
import { DerivedHolder } from '../../core/derived.ts';
import type { CompiledService } from '../compile/policy.ts';

/** Applies the service's mode to a denial of a verified credential. Shadow mode relaxes no other denial. */
export function enforce({ mode }: Pick<CompiledService, 'mode'>, refusal: Deny): Decision {
  switch (mode) {
    case 'enforce':
      return refusal;
    case 'shadow':
      return allow('shadow', refusal.caller, refusal);
    default:
      return mode satisfies never;
  }
}

export function allow(basis: Allow['basis'], caller: Caller | undefined, relaxed?: Deny): Allow {
  return new HeldAllow(basis, caller, relaxed);
}

class HeldAllow extends DerivedHolder implements Allow {
  readonly kind = 'allow';
  readonly basis: Allow['basis'];
  readonly caller: Caller | undefined;
  readonly relaxed: Deny | undefined;

  constructor(basis: Allow['basis'], caller: Caller | undefined, relaxed: Deny | undefined) {
    super();
    this.basis = basis;
    this.caller = caller;
    this.relaxed = relaxed;
    Object.freeze(this);
  }
}
