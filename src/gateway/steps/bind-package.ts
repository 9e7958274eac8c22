import type { RequestContext } from '../request-context.ts';
import type { StepOutcome } from './step.ts';

/**
 * Binds a publishing token to the package of its first push, before the upstream receives any of it. A push that policy
 * denies and shadow mode lets pass binds nothing.
 */
export function bindPackage(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  const { verified, routed } = context;
  if (verified?.minted?.publishing !== true || routed.bindPackage === undefined) return undefined;
  const { allow, operations } = context;
  if (allow.relaxed !== undefined) return undefined;
  return routed.bindPackage(verified, operations, allow.caller)?.then((result) => {
    if (result.kind !== 'bound') return result;
    context.detail = result.detail;
    return undefined;
  });
}
