import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import type { EndpointRefusal } from '../endpoint/outcome.ts';
import { errorOfReason } from './error-format.ts';

/** The credential as the policy evaluates it. */
export function describeCredential(credential: VerifiedCredential) {
  const { class: kind, issuer, subject, minted, expiresAt, claims } = credential;
  return {
    credential: kind,
    ...(minted === undefined ? {} : { mintedFrom: minted.source.class }),
    issuer,
    subject,
    ...(Number.isFinite(expiresAt) ? { expires: new Date(expiresAt).toISOString() } : {}),
    claims,
  };
}

/** A JSON object in google.rpc.Status (protobuf, JSON mapping of Any). */
const STRUCT = 'type.googleapis.com/google.protobuf.Struct';

/** Contains the credential, so that the maintainers of the policy can add an identity for it. */
export function refuseUnmatched(refusal: Deny, credential: VerifiedCredential): EndpointRefusal {
  const details = [{ '@type': STRUCT, value: describeCredential(credential) }];
  return { kind: 'refused', refusal, clientError: { ...errorOfReason(refusal), details } };
}
