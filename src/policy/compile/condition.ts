import { asScalar, claimAt } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { MatchOperator } from '../../core/issuers/guarded-claims.ts';
import { compileGlob } from '../../util/text/glob.ts';
import type { ConditionSettings } from '../settings.ts';

export type Operator = MatchOperator;

/** One operator on one claim, with the configured values. */
export interface Operand {
  readonly claim: string;
  readonly operator: Operator;
  readonly expected: readonly string[];
}

export interface Condition extends Operand {
  /** Evaluates the raw claim value. Missing and empty values satisfy no operator, lists only `contains`. */
  readonly holds: (value: unknown) => boolean;
}

/** Compiles the `match` of an identity. All conditions must hold. */
export function compileMatch(match: Readonly<Record<string, ConditionSettings>>): Condition[] {
  return operandsOf(match).map((operand) => ({
    ...operand,
    holds: compileOperator(operand.operator, operand.expected),
  }));
}

/** The operators of a `match` one by one. */
export function operandsOf(match: Readonly<Record<string, ConditionSettings>>): Operand[] {
  return Object.entries(match).flatMap(([claim, settings]) => {
    if (typeof settings === 'string') return [{ claim, operator: 'equals', expected: [settings] }];
    const { equals, in: list, notIn, contains, glob } = settings;
    const operands: Operand[] = [];
    if (equals !== undefined) operands.push({ claim, operator: 'equals', expected: [equals] });
    if (list !== undefined) operands.push({ claim, operator: 'in', expected: list });
    if (notIn !== undefined) operands.push({ claim, operator: 'notIn', expected: notIn });
    if (contains !== undefined) operands.push({ claim, operator: 'contains', expected: [contains] });
    if (glob !== undefined) {
      operands.push({ claim, operator: 'glob', expected: typeof glob === 'string' ? [glob] : glob });
    }
    // An object without operators must not match every token: it becomes a condition that never holds.
    return operands.length > 0 ? operands : [{ claim, operator: 'in', expected: [] }];
  });
}

export function holdsFor(condition: Condition, claims: Claims): boolean {
  return condition.holds(claimAt(claims, condition.claim));
}

function compileOperator(operator: Operator, expected: readonly string[]): Condition['holds'] {
  const has = membership(expected);
  switch (operator) {
    case 'equals':
    case 'in':
      return ofScalar(has);
    case 'notIn':
      return ofScalar((text) => !has(text));
    case 'glob': {
      const globs = expected.map((pattern) => compileGlob(pattern, { separators: '/:', matchBase: false }));
      return ofScalar((text) => globs.some((glob) => glob.test(text)));
    }
    case 'contains':
      return (value) => Array.isArray(value) && value.some(ofScalar(has));
    default:
      return operator satisfies never;
  }
}

/** Most conditions have one value, for which a set would be the largest part of the compiled policy. */
function membership(expected: readonly string[]): (text: string) => boolean {
  const [only] = expected;
  if (expected.length === 1) return (text) => text === only;
  const values = new Set(expected);
  return (text) => values.has(text);
}

function ofScalar(test: (text: string) => boolean): (value: unknown) => boolean {
  return (value) => {
    const text = asScalar(value);
    return text !== undefined && test(text);
  };
}
