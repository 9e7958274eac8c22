import { compactVerify } from 'jose';
import { fitsAlgorithm } from './parse-key-set.ts';
import type { KeyHandle } from './parse-key-set.ts';

/** The key among the candidates that signed this token, if one did. */
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
      // A wrong signature and a key that cannot be used come to the same: this key does not vouch for the token.
    }
  }
  return undefined;
}
