import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Decision } from '../core/decision.ts';
import type { Operation } from '../core/request/operation.ts';
import type {
  RequestedOperations,
  OperationsInBody,
  NeverForwarded,
  UnknownOperation,
} from '../core/request/protocol.ts';
import { callerOf, type RequestContext } from './request-context.ts';
import type { ServicePipeline } from './service-pipeline.ts';

/** What a protocol makes of a request, if it does not refuse it. */
type Classified = RequestedOperations | OperationsInBody | UnknownOperation | NeverForwarded;

/** What policy says of it; of one whose body has not been read, whether it is worth reading. */
export function authorizeRequest(
  context: RequestContext,
  pipeline: ServicePipeline,
  classification: Classified,
  verified: VerifiedCredential | undefined,
): Decision {
  switch (classification.kind) {
    case 'operations':
      return authorize(context, pipeline, classification, verified);
    case 'in-body':
      return anyOf(classification.oneOf.map((operation) => pipeline.authorize(verified, [operation])));
    case 'unknown':
      return pipeline.authorizeUnknown(verified, classification.detail);
    case 'never-forwarded':
      return neverForwarded(classification, verified, pipeline);
    default:
      return classification satisfies never;
  }
}

/** What a request is taken to ask for as long as nobody has looked into its body. */
export function operationsOf(classification: Classified): readonly Operation[] {
  switch (classification.kind) {
    case 'operations':
      return classification.operations;
    case 'in-body':
      return classification.oneOf;
    case 'unknown':
    case 'never-forwarded':
      return [];
    default:
      return classification satisfies never;
  }
}

/** What is asked for, or else what the protocol does in its place. */
function authorize(
  context: RequestContext,
  pipeline: ServicePipeline,
  classification: RequestedOperations,
  verified: VerifiedCredential | undefined,
): Decision {
  context.operations = classification.operations;
  context.plan = classification.plan;
  const decision = pipeline.authorize(verified, classification.operations);
  // Whoever has shown nothing yet is told all that would be needed.
  const final = decision.kind !== 'deny' || decision.reason === 'no_credential';
  return final || classification.otherwise === undefined
    ? decision
    : authorize(context, pipeline, classification.otherwise, verified);
}

/** The first that is allowed; where none is, what was said of the first. */
function anyOf(decisions: readonly Decision[]): Decision {
  const decision = decisions.find(({ kind }) => kind === 'allow') ?? decisions[0];
  if (decision === undefined) throw new TypeError('a body that can be for nothing');
  return decision;
}

/** Refused in every mode. The caller is determined for the audit event and for revocations. */
function neverForwarded(
  { detail }: NeverForwarded,
  verified: VerifiedCredential | undefined,
  pipeline: ServicePipeline,
): Decision {
  const decision = pipeline.authorizeUnknown(verified, detail);
  if (verified === undefined || (decision.kind === 'deny' && decision.reason === 'no_credential'))
    return decision;
  return { ...deny('operation_unknown', detail, callerOf(decision)), message: NEVER_FORWARDED };
}

const NEVER_FORWARDED =
  'This route issues credentials of the upstream and is never forwarded. Send your own credential with each request instead.';
