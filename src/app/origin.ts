import type { Config } from '../config/index.ts';
import { DEPLOY_TOKENS } from '../contract/deploy-token.ts';
import type { OriginOf } from '../pipeline/index.ts';

/**
 * What a credential was verified by: its issuer as it is configured, or the deploy token whose secret it is; of a minted one,
 * the keys that sign too. Another answer later means that it might not be found good again.
 */
export function createOriginOf({ issuers, deployTokens, signing }: Config): OriginOf {
  const byName = new Map(issuers.map((issuer) => [issuer.name, issuer]));
  return ({ issuer, tokenHash, minted }) => {
    const secretHash = `sha256:${minted?.source.tokenHash ?? tokenHash}`;
    const source =
      issuer === DEPLOY_TOKENS
        ? deployTokens.find((token) => token.secretHash === secretHash)?.secretHash
        : byName.get(issuer);
    return { source, signing: minted && signing };
  };
}
