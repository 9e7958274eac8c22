import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Decision } from '../core/decision.ts';
import type { NeverForwarded, RequestedOperations, UnknownOperation } from '../core/request/protocol.ts';
import type { Classified } from './classified.ts';
import { callerOf, type RequestContext } from './request-context.ts';
import type { ServicePipeline } from './service-pipeline.ts';

type Authorizers = Pick<ServicePipeline, 'authorize' | 'authorizeUnknown'>;

/** The policy decision. For operations in the body: the decision on whether the body is read. */
export function authorize(
  context: Pick<RequestContext, 'operations' | 'plan'>,
  pipeline: Authorizers,
  classification: Classified,
  verified: VerifiedCredential | undefined,
): Decision {
  switch (classification.kind) {
    case 'operations':
      return authorizeOperations(context, pipeline, classification, verified);
    case 'in-body':
      return anyOf(classification.oneOf.map((operation) => pipeline.authorize(verified, [operation])));
    case 'unknown':
      return refuseUnknown(classification, verified, pipeline);
    case 'never-forwarded':
      return refuseNeverForwarded(classification, verified, pipeline);
    default:
      return classification satisfies never;
  }
}

const PUBLIC: Decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };

/** Tries the requested operations, then the alternatives of the protocol. */
function authorizeOperations(
  context: Pick<RequestContext, 'operations' | 'plan'>,
  pipeline: Authorizers,
  classification: RequestedOperations,
  verified: VerifiedCredential | undefined,
): Decision {
  context.operations = classification.operations;
  context.plan = classification.plan;
  if (classification.public === true && verified === undefined) return PUBLIC;
  const decision = pipeline.authorize(verified, classification.operations);
  return classification.otherwise === undefined || isFinal(decision, classification)
    ? decision
    : authorizeOperations(context, pipeline, classification.otherwise, verified);
}

/** The challenge lists all requested scopes, so a client that can get a token for them does not reach the alternative. */
function isFinal(decision: Decision, { requestsToken = false }: RequestedOperations): boolean {
  if (decision.kind !== 'deny' || decision.reason === 'no_credential') return true;
  return requestsToken && decision.renewable === true;
}

/** The first allowed decision, or the first decision where none is allowed. */
function anyOf(decisions: readonly Decision[]): Decision {
  const decision = decisions.find(({ kind }) => kind === 'allow') ?? decisions[0];
  if (decision === undefined) throw new TypeError('operations in the body without a possible operation');
  return decision;
}

function refuseUnknown(
  { detail, message }: UnknownOperation,
  verified: VerifiedCredential | undefined,
  pipeline: Authorizers,
): Decision {
  const decision = pipeline.authorizeUnknown(verified, detail);
  if (message === undefined || decision.kind !== 'deny' || decision.reason !== 'operation_unknown')
    return decision;
  return { ...decision, message };
}

/** Refused in every mode. The caller is determined for the audit event and for revocations. */
function refuseNeverForwarded(
  { detail }: NeverForwarded,
  verified: VerifiedCredential | undefined,
  pipeline: Authorizers,
): Decision {
  const decision = pipeline.authorizeUnknown(verified, detail);
  if (verified === undefined || (decision.kind === 'deny' && decision.reason === 'no_credential'))
    return decision;
  return { ...deny('operation_unknown', detail, callerOf(decision)), message: NEVER_FORWARDED };
}

const NEVER_FORWARDED =
  'On some servers this route issues or registers credentials of the upstream, so it is not forwarded, whatever the policy grants. Send your own credential with each request instead. If the upstream is another server, ask its operators to serve the route under another path.';
