import { ISSUER_PRESETS, type IssuerType } from './issuer-presets.ts';

/** The claims whose value follows from the value of a claim. */
export function determinedClaims(type: IssuerType, claim: string): readonly string[] {
  const { determined } = ISSUER_PRESETS[type];
  return Object.hasOwn(determined, claim) ? (determined[claim] ?? []) : [];
}
