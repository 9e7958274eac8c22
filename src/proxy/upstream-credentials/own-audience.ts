import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { audienceForms } from '../../core/issuers/issuer-urls.ts';

/** Whether an ID token has no other recipient than the service. */
export type IsForServiceAlone = (credential: VerifiedCredential | undefined) => boolean;

/**
 * `audiences`: of the service. The recipient of an ID token can use it at each of its audiences, and a job can request a
 * token with more than one (GitLab `id_tokens`, Kubernetes TokenRequest).
 */
export function compileOwnAudience(audiences: readonly string[]): IsForServiceAlone {
  const own = new Set(audiences.flatMap((audience) => audienceForms('entra', audience)));
  return (credential) => credential?.audiences?.every((audience) => own.has(audience)) === true;
}
