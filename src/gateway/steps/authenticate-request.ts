import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Refusal } from '../../core/decision.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import type { RequestContext } from '../request-context.ts';
import type { StepOutcome, StepPorts } from './step.ts';

/** Verifies the credential, synchronously where it is in the verification cache. */
export function authenticateRequest(
  context: RequestContext,
  { verifyCredential }: StepPorts,
): StepOutcome | Promise<StepOutcome> {
  const { extracted, routed, host, incoming } = context;
  if (extracted === undefined) return undefined;
  const verified = verifyCredential(routed.authenticate, extracted, { host, client: incoming.client });
  return verified instanceof Promise
    ? verified.then((result) => store(context, result))
    : store(context, verified);
}

function store(context: RequestContext, verified: VerifiedCredential | Refusal): StepOutcome {
  if (context.incoming.res.destroyed) return undefined;
  if ('kind' in verified) return verified;
  context.verified = verified;
  return refuseOtherDownload(verified, context.head);
}

/** A ticket is valid for reading one path. */
function refuseOtherDownload(
  { minted }: VerifiedCredential,
  { method, path }: RequestHead,
): Refusal | undefined {
  if (minted?.ticket === undefined) return undefined;
  const reads = method === 'GET' || method === 'HEAD';
  if (reads && decodeURIComponent(path) === minted.ticket.path) return undefined;
  return deny('credential_invalid', 'the download ticket was issued for another path or method');
}
