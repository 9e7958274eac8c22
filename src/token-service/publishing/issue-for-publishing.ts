import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Caller, Decision, Deny, Refusal } from '../../core/decision.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Log } from '../../core/ports.ts';
import { issueToken, type IssueTokenPorts } from '../issue-token.ts';
import { jsonResponse, type EndpointResponse } from '../endpoint/built-in-endpoint.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';

/** A service whose clients exchange the id token of their job when they publish. */
export interface PublishingSite {
  /** `aud` of the tokens: this service's. */
  readonly audience: string;
  /** Id tokens that were made for publishing here, and no others. */
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

/** The one answer to whatever is wrong with a token. */
export const REFUSED =
  'This id token may not publish here. The audit trail of the gateway says why; "aud" must be the one of this registry.';

const READ = 'read_package_registry';
const WRITE = 'write_package_registry';

/**
 * A token that may publish where policy lets its identity: one package, or all that it lets where none is named, because
 * uploads of this format say only in their body what they are of.
 */
export async function issueForPublishing(
  call: EndpointCall,
  site: PublishingSite,
  presented: PresentedCredential | Deny,
  name: string | undefined,
  ports: PublishingPorts,
): Promise<EndpointResponse | Refusal> {
  call.operations = [{ scope: WRITE, resource: name ?? '', extent: name === undefined ? 'any' : 'one' }];
  const verified = await authenticateCaller(call, presented, site.verifyCredential);
  if ('kind' in verified) return verified;
  const caller = ports.identify(verified);
  if ('kind' in caller) return caller;
  const decision = site.authorize(verified, call.operations);
  if (decision.kind !== 'allow') return decision;
  const limits = { scope: `${READ} ${WRITE}`, ...(name === undefined ? {} : { resources: [name] }) };
  const wanted = { audience: site.audience, publishing: true, extra: limits };
  const minted = await issueToken(call, caller, wanted, ports);
  if (minted.kind !== 'minted') return minted;
  const expires = Math.floor(ports.clock.now() / 1000) + minted.expiresIn;
  // npm reads the token alone; twine renews it before its end.
  return jsonResponse('application/json', { success: true, token: minted.token, expires });
}
