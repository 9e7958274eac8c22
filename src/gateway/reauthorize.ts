import { isDeepStrictEqual } from 'node:util';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Refusal } from '../core/decision.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import { callerOf, type RequestContext } from './request-context.ts';
import { refuseRevoked } from './check-revocation.ts';
import type { ServicePipeline } from './service-pipeline.ts';

/** What a credential was verified by, in the configuration; compared, never read. */
export type TokenSourceOf = (credential: VerifiedCredential) => unknown;

/**
 * Whether what lasts would be let in again as it was: by the policy that is in force now, not by the one that it came to.
 * That its credential has ended meanwhile is no reason: a push that runs is never cut by it.
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
    if (now === undefined) return deny('no_service', 'the service is gone');
    const decision =
      allow.relaxed?.reason === 'operation_unknown'
        ? now.authorizeUnknown(verified, allow.relaxed.detail)
        : now.authorize(verified, operations);
    const revoked = verified && refuseRevoked(revocations, verified, callerOf(decision));
    if (revoked !== undefined) return revoked;
    if (decision.kind !== 'allow') return decision;
    if (verified !== undefined && !isDeepStrictEqual(originOf(verified), origin)) {
      return deny('credential_invalid', 'what its credential was verified by has changed');
    }
    // The upstream was told who this is.
    return decision.basis === allow.basis && decision.caller?.identity === allow.caller?.identity
      ? undefined
      : deny('no_matching_identity', 'policy makes another caller of it');
  };
}
