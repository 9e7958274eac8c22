import type { VerifiedCredential } from '../core/credentials/credential.ts';
import { deny, type Decision } from '../core/decision.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Asked, InBody, NeverForwarded, Unknown } from '../core/request/protocol.ts';
import { callerOf, type Exchange } from './request-context.ts';
import type { ServiceLine } from './service-pipeline.ts';

/** What a protocol makes of a request, if it does not refuse it. */
type Classified = Asked | InBody | Unknown | NeverForwarded;

/** What policy says of it; of one whose body has not been read, whether it is worth reading. */
export function judge(
  exchange: Exchange,
  line: ServiceLine,
  asked: Classified,
  verified: VerifiedCredential | undefined,
): Decision {
  switch (asked.kind) {
    case 'operations':
      return authorize(exchange, line, asked, verified);
    case 'in-body':
      return anyOf(asked.oneOf.map((operation) => line.authorize(verified, [operation])));
    case 'unknown':
      return line.authorizeUnknown(verified, asked.detail);
    case 'never-forwarded':
      return neverForwarded(asked, verified, line);
    default:
      return asked satisfies never;
  }
}

/** What a request is taken to ask for as long as nobody has looked into its body. */
export function operationsOf(asked: Classified): readonly Operation[] {
  switch (asked.kind) {
    case 'operations':
      return asked.operations;
    case 'in-body':
      return asked.oneOf;
    case 'unknown':
    case 'never-forwarded':
      return [];
    default:
      return asked satisfies never;
  }
}

/** What is asked for, or else what the protocol does in its place. */
function authorize(
  exchange: Exchange,
  line: ServiceLine,
  asked: Asked,
  verified: VerifiedCredential | undefined,
): Decision {
  exchange.operations = asked.operations;
  exchange.plan = asked.plan;
  const decision = line.authorize(verified, asked.operations);
  // Whoever has shown nothing yet is told all that would be needed.
  const final = decision.kind !== 'deny' || decision.reason === 'no_credential';
  return final || asked.otherwise === undefined
    ? decision
    : authorize(exchange, line, asked.otherwise, verified);
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
  line: ServiceLine,
): Decision {
  const decision = line.authorizeUnknown(verified, detail);
  if (verified === undefined || (decision.kind === 'deny' && decision.reason === 'no_credential'))
    return decision;
  return { ...deny('operation_unknown', detail, callerOf(decision)), message: NEVER_FORWARDED };
}

const NEVER_FORWARDED =
  'This route issues credentials of the upstream and is never forwarded. Send your own credential with each request instead.';
