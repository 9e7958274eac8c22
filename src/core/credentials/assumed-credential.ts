import type { Claims } from './credential.ts';

/** A credential that `explain` and the policy tools treat as verified, or none. */
export type AssumedCredential =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'claims';
      readonly class: 'id_token' | 'job_token';
      readonly claims: Claims;
      /** Name of the issuer in the configuration. */
      readonly issuer: string;
    }
  /** Name of a deploy token in the configuration. */
  | { readonly kind: 'deploy-token'; readonly name: string };
