import type { Claims, MintedFrom, SOURCE_CLASSES } from './credential.ts';

/** A credential that `explain` and the policy tools treat as verified, or none. */
export type AssumedCredential =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'claims';
      /** `deploy_token`: a deploy token of GitLab. */
      readonly class: (typeof SOURCE_CLASSES)[number];
      readonly claims: Claims;
      /** Name of the issuer in the configuration. */
      readonly issuer: string;
    }
  /** Name of a deploy token in the configuration. */
  | { readonly kind: 'deploy-token'; readonly name: string }
  | ExchangedCredential;

/** A token of the gateway that was exchanged for another credential. */
export interface ExchangedCredential {
  readonly kind: 'exchanged';
  readonly source: Extract<AssumedCredential, { readonly kind: 'claims' | 'deploy-token' }>;
  readonly scopes: readonly string[];
}

/** What an assumed token of the gateway was minted from: one exchange, limited to the scopes only. */
export function assumedMinted(
  minted: Pick<MintedFrom, 'identity' | 'source'> & Partial<Pick<MintedFrom, 'audience' | 'since'>>,
  scopes: readonly string[],
): MintedFrom {
  return {
    audience: '',
    since: 0,
    ...minted,
    parentAudience: undefined,
    parents: [],
    publishing: false,
    workload: undefined,
    limits: { kind: 'scopes', scopes: new Set(scopes) },
    loginLimits: undefined,
  };
}
