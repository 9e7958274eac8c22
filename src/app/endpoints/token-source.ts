import type { Config } from '../../config/index.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS, startOfDay } from '../../core/credentials/deploy-token.ts';
import type { Clock } from '../../core/ports.ts';
import type { TokenSourceOf } from '../../gateway/index.ts';

/**
 * Returns the configuration that a credential was verified with: its issuer or deploy token and, for a minted token, the
 * workload identity and the signing keys. If it changes, the credential might no longer be accepted.
 */
export function createTokenSourceOf(
  { issuers, deployTokens, workloadIdentities, signing }: Config,
  clock: Clock,
): TokenSourceOf {
  const byName = new Map(issuers.map((issuer) => [issuer.name, issuer]));
  const workloads = new Map(workloadIdentities.map((workload) => [workload.name, workload]));
  const deployTokenOf = createDeployTokenSourceOf(deployTokens, clock);

  return (credential) => {
    const { issuer, minted } = credential;
    const source = issuer === DEPLOY_TOKENS ? deployTokenOf(credential) : byName.get(issuer);
    const workload = minted?.workload === undefined ? undefined : workloads.get(minted.workload);
    return { source, workload, signing: minted && signing };
  };
}

/**
 * The expiry of a credential does not end connections. `cutShort` reports an `expires` in the past that precedes the
 * original expiry: the configuration has revoked the remaining lifetime.
 */
function createDeployTokenSourceOf(
  deployTokens: Config['deployTokens'],
  clock: Clock,
): (credential: VerifiedCredential) => unknown {
  const bySecret = new Map(deployTokens.map((token) => [token.secretHash, token]));
  return ({ tokenHash, minted, expiresAt }) => {
    const token = bySecret.get(`sha256:${minted?.source.tokenHash ?? tokenHash}`);
    if (token === undefined) return undefined;
    const end = token.expires === undefined ? Infinity : startOfDay(token.expires);
    return { secretHash: token.secretHash, cutShort: end < expiresAt && end <= clock.now() };
  };
}
