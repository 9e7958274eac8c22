import { compactVerify } from 'jose';
import { fitsAlgorithm } from './read-key-set.ts';
import type { KeyHandle } from './read-key-set.ts';

/** Returns the candidate key that signed the token; undefined if none did. */
export async function verifySignature(
  token: string,
  alg: string,
  candidates: readonly KeyHandle[],
): Promise<KeyHandle | undefined> {
  for (const candidate of candidates) {
    if (!fitsAlgorithm(candidate, alg)) continue;
    try {
      await compactVerify(token, candidate.key, { algorithms: [alg] });
      return candidate;
    } catch {
      // An invalid signature and an unusable key have the same result: try the next key.
    }
  }
  return undefined;
}
