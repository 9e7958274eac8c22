import { basisReason } from '../../core/decision.ts';
import type { OperationsOfBody } from '../../core/request/protocol.ts';
import { authorize } from '../authorize.ts';
import { refuseRevoked } from '../check-revocation.ts';
import { callerOf, type RequestContext } from '../request-context.ts';
import { bufferBody } from './buffer-body.ts';
import type { StepOutcome, StepPorts } from './step.ts';

/**
 * Applies the policy and the revocations. Where the operations are in the body, the caller must be allowed at least
 * one of the possible operations before the body is read; `authorizeOperationsInBody` then decides on the actual ones.
 */
export function authorizeRequest(context: RequestContext, { revocations }: StepPorts): StepOutcome {
  const { classified, verified } = context;
  const decision = authorize(context, context.routed, classified, verified);
  const revoked = verified && refuseRevoked(revocations, verified, callerOf(decision));
  if (revoked !== undefined) return revoked;
  if (decision.kind !== 'allow') return decision;
  if (classified.kind === 'in-body') {
    context.possible = decision;
    return undefined;
  }
  context.decision = decision;
  context.reason = basisReason(decision.basis);
  return undefined;
}

/** Applies the active policy and the revocations again to a request that has waited since its authorization. */
export function reauthorizeRequest(context: RequestContext): StepOutcome {
  return context.outdated ? context.reauthorize() : undefined;
}

/** Buffers the part of the body that contains the operations. */
export function bufferOperations(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  const { classified, possible } = context;
  if (classified.kind !== 'in-body') return undefined;
  const { part, maxBytes } = classified;
  return bufferBody(context, { part, maxBytes, beforeAuthentication: possible?.basis === 'anonymous' });
}

/** Reads the operations from the buffered body and authorizes them. */
export function authorizeOperationsInBody(
  context: RequestContext,
  ports: StepPorts,
): StepOutcome | Promise<StepOutcome> {
  const { classified, buffered } = context;
  if (classified.kind !== 'in-body' || buffered === undefined) return undefined;
  const read = classified.read(buffered.bytes.subarray(0, classified.maxBytes));
  return read instanceof Promise
    ? read.then((operations) => authorizeOperations(context, ports, operations))
    : authorizeOperations(context, ports, read);
}

function authorizeOperations(
  context: RequestContext,
  ports: StepPorts,
  operations: OperationsOfBody,
): StepOutcome | Promise<StepOutcome> {
  if (operations.kind === 'deny') return operations;
  context.classification = operations;
  return authorizeRequest(context, ports);
}
