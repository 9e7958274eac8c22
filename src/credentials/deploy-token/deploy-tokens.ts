import { hash, timingSafeEqual } from 'node:crypto';
import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
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
  const tokens = settings.map((token) => compile(token, issuerUrl));

  return function verify({ token: secret, username }) {
    const digest = hash('sha256', secret, 'buffer');
    // Always compare with every token, in constant time: the duration must not disclose which names exist.
    let found: CompiledToken | undefined;
    for (const token of tokens) if (timingSafeEqual(digest, token.secretHash)) found = token;
    if (found === undefined) return deny('credential_invalid', 'no deploy token has this secret');
    // Only some credential sources have a user name.
    if (username !== undefined && username !== found.username) {
      return deny('credential_invalid', `deploy token ${found.name} has another user name`);
    }
    if (clock.now() >= found.verified.expiresAt) {
      return deny('token_expired', `deploy token ${found.name} has expired`);
    }
    return found.verified;
  };
}

interface CompiledToken {
  readonly name: string;
  readonly username: string;
  readonly secretHash: Buffer;
  readonly verified: VerifiedCredential;
}

function compile(token: DeployTokenSettings, issuerUrl: string): CompiledToken {
  const verified = deployTokenCredential(token, issuerUrl);
  return {
    name: token.name,
    username: token.username,
    secretHash: Buffer.from(verified.tokenHash, 'hex'),
    verified,
  };
}
