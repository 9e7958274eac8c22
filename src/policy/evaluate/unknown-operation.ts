import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Decision } from '../../core/decision.ts';
import { enforce } from './enforce.ts';
import { isAnonymousToken, type Identify } from './identify.ts';
import type { CompiledService } from '../compile/policy.ts';

/** Decides a request whose method and path are not an operation of the service. */
export type UnknownAuthorizer = (credential: VerifiedCredential | undefined, detail: string) => Decision;

/**
 * Requires a credential, so that anonymous clients cannot learn which operations exist. The decision contains
 * the caller in both modes: revocations of an identity apply to these requests too, and the audit event
 * contains the identity.
 */
export function createUnknownAuthorizer(
  service: Pick<CompiledService, 'mode'>,
  identify: Identify,
): UnknownAuthorizer {
  return (credential, detail) => {
    if (credential === undefined || isAnonymousToken(credential)) return deny('no_credential', detail);
    const identified = identify(credential);
    const caller = identified.kind === 'caller' ? identified.caller : undefined;
    return enforce(service, deny('operation_unknown', detail, caller));
  };
}
