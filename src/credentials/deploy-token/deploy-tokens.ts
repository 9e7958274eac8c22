import { hash } from 'node:crypto';
import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { DEPLOY_TOKEN_EXPIRED, DEPLOY_TOKEN_OF_ANOTHER_USER } from '../../core/refusal-messages.ts';
import { deployTokenCredential } from '../../core/credentials/deploy-token.ts';
import type { Clock } from '../../core/ports.ts';
import type { DeployTokenSettings } from '../settings.ts';

/**
 * Verifies deploy tokens of the configuration. Each has a user name and a generated secret of 256 bits, of
 * which only the SHA-256 is stored: a slow hash would not make guessing 256 bits harder, but would let
 * clients exhaust the CPU.
 */
export function createDeployTokens(
  settings: readonly DeployTokenSettings[],
  issuerUrl: string,
  clock: Clock,
): (presented: PresentedCredential) => VerifiedCredential | Deny {
  // The duration of a look-up can disclose bits of a stored hash at most, and none of a generated secret.
  const byHash = new Map(settings.map((token) => [token.secretHash, token]));
  const credentials = new Map<DeployTokenSettings, VerifiedCredential>();

  /** The same object for each request, made at the first one. */
  function credentialOf(token: DeployTokenSettings): VerifiedCredential {
    const existing = credentials.get(token);
    if (existing !== undefined) return existing;
    const credential = deployTokenCredential(token, issuerUrl);
    credentials.set(token, credential);
    return credential;
  }

  return function verify({ token: secret, username }) {
    // By secret, not by user name: unknown and known user names take the same steps.
    const found = byHash.get(`sha256:${hash('sha256', secret)}`);
    if (found === undefined) return deny('credential_invalid', 'no deploy token has this secret');
    // Only some credential sources have a user name.
    if (username !== undefined && username !== found.username) {
      const detail = `deploy token ${found.name} has another user name`;
      return { ...deny('credential_invalid', detail), message: DEPLOY_TOKEN_OF_ANOTHER_USER };
    }
    const credential = credentialOf(found);
    if (clock.now() >= credential.expiresAt) {
      const detail = `deploy token ${found.name} has expired`;
      return { ...deny('token_expired', detail), message: DEPLOY_TOKEN_EXPIRED };
    }
    return credential;
  };
}
