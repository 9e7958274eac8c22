import { sendBuiltInResponse } from '../built-in-response.ts';
import type { RequestContext } from '../request-context.ts';
import { isForwarded } from '../service-pipeline.ts';
import { deny } from '../../core/decision.ts';
import type { IssuedTokenPlan } from '../../core/request/protocol.ts';
import { HANDLED, type StepOutcome } from './step.ts';

/** A service without an upstream is decided by the authorizer only. */
export function requireUpstream({ routed }: RequestContext): StepOutcome {
  return isForwarded(routed)
    ? undefined
    : deny('no_service', 'the service has no upstream; only the authorizer decides on its requests');
}

/** Forwards the request to the upstream, or sends the built-in response that the protocol has for its operation. */
export function forwardRequest(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  if (context.plan?.issuedToken !== undefined) return sendToken(context, context.plan.issuedToken);
  const response = context.plan?.builtInResponse;
  if (response === undefined) context.forwarded.forward(context);
  else
    sendBuiltInResponse(context, typeof response === 'function' ? response(context.allow.caller) : response);
  return HANDLED;
}

/** Responds to a login. All checks of a request to the service precede it. */
async function sendToken(
  context: RequestContext,
  { scopes, responseWith }: IssuedTokenPlan,
): Promise<StepOutcome> {
  const { routed, verified, presented, caller } = context;
  if (routed.issueToken === undefined) throw new TypeError('the service issues no tokens');
  if (verified === undefined || presented === undefined)
    return deny('no_credential', 'a login requires a credential');
  const issued = await routed.issueToken({
    service: routed.name,
    credential: verified,
    presented: presented.token,
    identity: caller?.identity,
    scopes,
  });
  if (issued.kind === 'deny') return { ...issued, caller };
  if (issued.kind === 'unable') return issued;
  context.detail = issued.detail;
  sendBuiltInResponse(context, responseWith(issued.token));
  return HANDLED;
}
