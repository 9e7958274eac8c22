import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Caller, Decision, Deny, Refusal } from '../../core/decision.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Log } from '../../core/ports.ts';
import { issueToken, type IssueTokenPorts } from '../issue-token.ts';
import { jsonResponse, type EndpointResponse } from '../endpoint/outcome.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';

/** A service whose clients exchange an ID token of their CI job to publish. */
export interface PublishingSite {
  /** `aud` of the issued tokens. */
  readonly audience: string;
  /** Accepts ID tokens with the publishing audience of this service only. */
  readonly verifyCredential: VerifyCredential;
  readonly authorize: (
    credential: VerifiedCredential | undefined,
    operations: readonly Operation[],
  ) => Decision;
}

export interface PublishingPorts extends IssueTokenPorts {
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  readonly log: Log;
}

export interface PublishingToken {
  readonly kind: 'issued';
  readonly token: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** One message for every refused token. */
export const REFUSED =
  'The ID token is not accepted for publishing. Its "aud" must be the publishing audience of this registry; the audit log of the gateway contains the reason.';

const READ = 'read_package_registry';
export const PUBLISH = 'write_package_registry';

/**
 * Issues a token for publishing one package, within the grants of the caller. Without `name`, the first push decides the
 * package (`createPackageBinding`): formats such as PyPI name it only in the upload's body.
 */
export async function issueForPublishing(
  call: EndpointCall,
  site: PublishingSite,
  presented: PresentedCredential | Deny,
  name: string | undefined,
  ports: PublishingPorts,
): Promise<PublishingToken | Refusal> {
  call.operations = [{ scope: PUBLISH, resource: name ?? '', extent: name === undefined ? 'any' : 'one' }];
  const verified = await authenticateCaller(call, presented, site.verifyCredential);
  if ('kind' in verified) return verified;
  const caller = ports.identify(verified);
  if ('kind' in caller) return caller;
  const decision = site.authorize(verified, call.operations);
  if (decision.kind !== 'allow') return decision;
  const restrictions = { scope: `${READ} ${PUBLISH}`, ...(name === undefined ? {} : { resources: [name] }) };
  const tokenRequest = { audience: site.audience, publishing: true, extra: restrictions };
  const minted = await issueToken(call, caller, tokenRequest, ports);
  if (minted.kind !== 'minted') return minted;
  const expires = Math.floor(ports.clock.now() / 1000) + minted.expiresIn;
  return { kind: 'issued', token: minted.token, expires };
}

/** The response of npm registries and of the Python index: npm reads only `token`; twine uses `expires` to renew it. */
export function publishingResponse(issued: PublishingToken | Refusal): EndpointResponse | Refusal {
  if (issued.kind !== 'issued') return issued;
  const { token, expires } = issued;
  return jsonResponse('application/json', { success: true, token, expires });
}
