import type { Refusal } from '../core/decision.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Classification } from '../core/request/protocol.ts';

/** The classification of a request that the protocol does not refuse. */
export type Classified = Exclude<Classification, Refusal>;

/** The operations that the request may perform, as far as they are known before its body is read. */
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
