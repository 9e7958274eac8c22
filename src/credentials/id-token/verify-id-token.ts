import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import type { Clock } from '../../core/ports.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import type { Issuer } from '../compile-issuers.ts';
import { quoted } from '../../util/quoted.ts';
import { tokenHashes } from '../../util/token-hash.ts';
import type { KeyHandle } from './parse-key-set.ts';
import { parseToken } from './parse-token.ts';
import { verifySignature } from './verify-signature.ts';

/** A token that names one of our issuers and a key. Nothing of it has been verified. */
export interface Candidate {
  readonly kind: 'candidate';
  readonly token: string;
  /** SHA-256 of the token as sent. */
  readonly sentHash: string;
  readonly issuer: Issuer;
  readonly issuerUrl: string;
  readonly alg: string;
  readonly kid: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A token whose signature and claims were found good, with all that must be asked again at each use. */
export interface VerifiedIdToken {
  readonly verified: VerifiedCredential;
  readonly issuer: Issuer;
  readonly key: KeyHandle;
  readonly audiences: readonly string[];
  /** Characters of the token. */
  readonly size: number;
}

/** The part that needs no key. An `iss` that is not configured is refused here: nobody is ever asked about it. */
export function readCandidate(
  token: string,
  sentHash: string,
  issuers: ReadonlyMap<string, Issuer>,
): Candidate | Deny {
  const parsed = parseToken(token);
  if (parsed.kind === 'deny') return parsed;
  const issuerUrl = parsed.payload['iss'];
  if (typeof issuerUrl !== 'string') return deny('credential_malformed', '"iss" is missing or not a text');
  const issuer = issuers.get(issuerUrl);
  if (issuer === undefined) return deny('issuer_unknown', `iss ${quoted(issuerUrl)} is not configured`);
  const header = checkHeader(parsed.header, issuer.algorithms, issuer.tokenTypes);
  if (header.kind === 'deny') return header;
  const { alg, kid } = header;
  return { kind: 'candidate', token, sentHash, issuer, issuerUrl, alg, kid, claims: parsed.payload };
}

/** Key, signature, claims. What depends on the service is not asked here: the outcome is shared by all of them. */
export async function verifyCandidate(
  candidate: Candidate,
  clock: Clock,
): Promise<VerifiedIdToken | Refusal> {
  const { issuer, token, alg, kid, claims } = candidate;
  const keys = await issuer.keys.keysFor(kid);
  if ('kind' in keys) return keys;
  const key = await verifySignature(token, alg, keys);
  if (key === undefined) {
    return deny('signature_invalid', `no key with kid ${quoted(kid)} of issuer ${issuer.name} verifies it`);
  }
  const checked = checkClaims(claims, issuer, clock.now());
  if (checked.kind === 'deny') return checked;
  const { subject, jti, audiences, expiresAt } = checked;
  const { issuerUrl, sentHash } = candidate;
  return {
    verified: {
      class: 'id_token',
      issuer: issuer.name,
      issuerUrl,
      subject,
      jti,
      ...tokenHashes(token, sentHash),
      expiresAt,
      claims,
      audiences,
      settingsHash: issuer.settingsHash,
    },
    issuer,
    key,
    audiences,
    size: token.length,
  };
}
