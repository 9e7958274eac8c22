import type { Config } from '../config/index.ts';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { DEPLOY_TOKENS, startOfDay } from '../core/credentials/deploy-token.ts';
import type { Clock } from '../core/ports.ts';
import type { TokenSourceOf } from '../gateway/index.ts';

/**
 * What a credential was verified by: its issuer as it is configured, or the deploy token whose secret it is; of a minted one,
 * also the workload identity and the keys that sign. Another answer later means that it might not be found good again.
 */
export function createTokenSourceOf(
  { issuers, deployTokens, workloadIdentities, signing }: Config,
  clock: Clock,
): TokenSourceOf {
  const byName = new Map(issuers.map((issuer) => [issuer.name, issuer]));
  const workloads = new Map(workloadIdentities.map((workload) => [workload.name, workload]));
  const deployTokenOf = deployTokenOrigin(deployTokens, clock);

  return (credential) => {
    const { issuer, minted } = credential;
    const source = issuer === DEPLOY_TOKENS ? deployTokenOf(credential) : byName.get(issuer);
    const workload = minted?.workload === undefined ? undefined : workloads.get(minted.workload);
    return { source, workload, signing: minted && signing };
  };
}

/**
 * The end of a credential ends nothing that is under way. An `expires` in the past that lies before that end is another
 * matter: the configuration has taken the rest of its life away.
 */
function deployTokenOrigin(
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
