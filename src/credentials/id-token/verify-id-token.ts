import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import type { Clock } from '../../core/ports.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import type { Issuer, IssuerIndex } from '../compile-issuers.ts';
import { issuerUnknown } from '../../core/refusal-messages.ts';
import { parseSpiffeId } from '../../core/issuers/spiffe-id.ts';
import { quoted } from '../../util/text/quoted.ts';
import { tokenHashes } from '../../util/text/token-hash.ts';
import type { KeyHandle } from './read-key-set.ts';
import { parseToken } from './parse-token.ts';
import { verifySignature } from './verify-signature.ts';

/** A parsed token with a configured issuer and a key id. Nothing is verified. */
export interface Candidate {
  readonly kind: 'candidate';
  readonly token: string;
  /** SHA-256 of the token as sent. */
  readonly sentHash: string;
  readonly issuer: Issuer;
  readonly issuerUrl: string;
  readonly alg: string;
  /** Undefined only for a JWT-SVID. */
  readonly kid: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A token with a valid signature and valid claims, and the values that are checked at each use. */
export interface VerifiedIdToken {
  readonly verified: VerifiedCredential;
  readonly issuer: Issuer;
  readonly key: KeyHandle;
  readonly audiences: readonly string[];
  /** Length of the token, in characters. */
  readonly size: number;
}

/** Makes the checks that need no key. An `iss` that is not configured is refused before any request to it. */
export function readCandidate(token: string, sentHash: string, issuers: IssuerIndex): Candidate | Deny {
  const parsed = parseToken(token);
  if (parsed.kind === 'deny') return parsed;
  const found = findIssuer(parsed.payload, issuers);
  if ('kind' in found) return found;
  const { issuer, issuerUrl } = found;
  const header = checkHeader(parsed.header, issuer);
  if (header.kind === 'deny') return header;
  const { alg, kid } = header;
  return { kind: 'candidate', token, sentHash, issuer, issuerUrl, alg, kid, claims: parsed.payload };
}

/** A configured `iss` decides; otherwise the trust domain of `sub` does, so that it is always the signer's. */
function findIssuer(
  { iss, sub }: Readonly<Record<string, unknown>>,
  { byForm, byTrustDomain }: IssuerIndex,
): { readonly issuer: Issuer; readonly issuerUrl: string } | Deny {
  if (iss !== undefined && typeof iss !== 'string')
    return deny('credential_malformed', '"iss" is missing or not a string');
  const issuer = iss === undefined ? undefined : byForm.get(iss);
  if (iss !== undefined && issuer !== undefined) return { issuer, issuerUrl: iss };
  const trustDomain = byTrustDomain.size === 0 ? undefined : parseSpiffeId(sub)?.trustDomain;
  const signer = trustDomain === undefined ? undefined : byTrustDomain.get(trustDomain);
  if (signer !== undefined) return { issuer: signer, issuerUrl: signer.url };
  const unknown = iss ?? trustDomain;
  if (unknown === undefined) return deny('credential_malformed', '"iss" is missing or not a string');
  const detail = `iss ${quoted(unknown)} is not configured`;
  return { ...deny('issuer_unknown', detail), message: issuerUnknown(unknown) };
}

/**
 * Verifies the signature and the claims. The result does not depend on a service, so all services share it. Synchronous
 * if the keys are present and the verification is fast.
 */
export function verifyCandidate(
  candidate: Candidate,
  clock: Clock,
): VerifiedIdToken | Refusal | Promise<VerifiedIdToken | Refusal> {
  const { issuer, kid } = candidate;
  const present = issuer.keys.presentFor(kid);
  if (present !== undefined) return verifyWith(candidate, present, clock);
  return issuer.keys
    .keysFor(kid)
    .then((keys) => ('kind' in keys ? keys : verifyWith(candidate, keys, clock)));
}

function verifyWith(
  candidate: Candidate,
  keys: readonly KeyHandle[],
  clock: Clock,
): VerifiedIdToken | Refusal | Promise<VerifiedIdToken | Refusal> {
  const key = verifySignature(candidate.token, candidate.alg, keys);
  return key instanceof Promise
    ? key.then((found) => verifyContent(candidate, found, clock))
    : verifyContent(candidate, key, clock);
}

/** `key`: the key that verified the signature. */
function verifyContent(
  { token, sentHash, issuer, issuerUrl, kid, claims }: Candidate,
  key: KeyHandle | undefined,
  clock: Clock,
): VerifiedIdToken | Refusal {
  if (key === undefined) {
    const which = kid === undefined ? '' : ` with kid ${quoted(kid)}`;
    const detail = `no key${which} of issuer ${issuer.name} verifies the signature`;
    return deny('signature_invalid', detail);
  }
  const checked = checkClaims(claims, issuer, clock.now());
  if (checked.kind === 'deny') return checked;
  const { subject, jti, audiences, expiresAt, sessionEndsAt } = checked;
  return {
    verified: {
      class: 'id_token',
      issuer: issuer.name,
      issuerUrl,
      subject,
      jti,
      ...tokenHashes(token, sentHash),
      expiresAt,
      ...(sessionEndsAt !== undefined && { sessionEndsAt }),
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
