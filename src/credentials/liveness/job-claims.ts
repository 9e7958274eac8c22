import { scalarClaim } from '../../core/credentials/claims.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';

/** The values of these claims, in order; a refusal if one is missing or has another form. */
export function readJobClaims<N extends string>(
  { claims }: VerifiedCredential,
  forms: Readonly<Record<N, RegExp>>,
): (Readonly<Record<N, string>> & { readonly kind?: never }) | Deny {
  const values: Partial<Record<N, string>> = {};
  for (const [name, form] of Object.entries(forms) as [N, RegExp][]) {
    const value = scalarClaim(claims, name);
    if (value === undefined || !form.test(value)) return withoutJob(name);
    values[name] = value;
  }
  return values as Readonly<Record<N, string>> & { readonly kind?: never };
}

/** Also for a token that was minted before `liveness` was configured: it does not repeat the claim. */
function withoutJob(claim: string): Deny {
  return {
    ...deny('credential_invalid', `claim ${claim}, which liveness needs, is missing or has another form`),
    message: 'The token does not name the job or pod that it was issued to. Request a new token in the job.',
  };
}

/** A decimal id. */
export const ID = /^\d{1,20}$/;

/** Ids are numbers in responses and strings in tokens. */
export function isId(value: unknown, id: string): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && String(value) === id;
}
