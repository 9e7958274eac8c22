import { isDeepStrictEqual } from 'node:util';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Refusal } from '../core/decision.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import { callerOf, type RequestContext } from './request-context.ts';
import { refuseRevoked } from './check-revocation.ts';
import type { ServicePipeline } from './service-pipeline.ts';

/** The configuration that verified a credential; an opaque value for comparison. */
export type TokenSourceOf = (credential: VerifiedCredential) => unknown;

/**
 * Authorizes a long-lived connection or transfer against the active policy; undefined if it stays allowed as before.
 * The expiry of its credential is not checked, so that a running push is not interrupted.
 */
export type Reauthorize = (context: RequestContext, origin: unknown) => Refusal | undefined;

export function createReauthorize({
  services,
  revocations,
  originOf,
}: {
  readonly services: readonly ServicePipeline[];
  readonly revocations: Pick<Revocations, 'check'>;
  readonly originOf: TokenSourceOf;
}): Reauthorize {
  return function reauthorize({ pipeline, verified, operations, allow }, origin) {
    const now = services.find(({ name }) => name === pipeline?.name);
    if (now === undefined) return deny('no_service', 'the service has been removed from the configuration');
    const decision =
      allow.relaxed?.reason === 'operation_unknown'
        ? now.authorizeUnknown(verified, allow.relaxed.detail)
        : now.authorize(verified, operations);
    const revoked = verified && refuseRevoked(revocations, verified, callerOf(decision));
    if (revoked !== undefined) return revoked;
    if (decision.kind !== 'allow') return decision;
    if (verified !== undefined && !isDeepStrictEqual(originOf(verified), origin)) {
      return deny('credential_invalid', 'the configuration that verified the credential has changed');
    }
    // The upstream has received the identity with the request.
    return decision.basis === allow.basis && decision.caller?.identity === allow.caller?.identity
      ? undefined
      : deny('no_matching_identity', 'the policy matches the credential to another identity');
  };
}
