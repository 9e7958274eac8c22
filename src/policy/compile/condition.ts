import { asScalar, claimAt } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { MatchOperator } from '../../core/guarded-claims.ts';
import { compileGlob } from '../../util/text/glob.ts';
import type { ConditionSettings } from '../settings.ts';

export type Operator = MatchOperator;

/** One operator on one claim. */
export interface Condition {
  readonly claim: string;
  readonly operator: Operator;
  readonly expected: readonly string[];
  /** Evaluates the raw claim value. Missing and empty values satisfy no operator, lists only `contains`. */
  readonly holds: (value: unknown) => boolean;
}

/** Compiles the `match` of an identity. All conditions must hold. */
export function compileMatch(match: Readonly<Record<string, ConditionSettings>>): Condition[] {
  return Object.entries(match).flatMap(([claim, settings]) => {
    if (typeof settings === 'string') return [condition(claim, 'equals', [settings])];
    const conditions: Condition[] = [];
    if (settings.equals !== undefined) conditions.push(condition(claim, 'equals', [settings.equals]));
    if (settings.in !== undefined) conditions.push(condition(claim, 'in', settings.in));
    if (settings.notIn !== undefined) conditions.push(condition(claim, 'notIn', settings.notIn));
    if (settings.contains !== undefined) conditions.push(condition(claim, 'contains', [settings.contains]));
    if (settings.glob !== undefined) {
      conditions.push(
        condition(claim, 'glob', typeof settings.glob === 'string' ? [settings.glob] : settings.glob),
      );
    }
    // An object without operators must not match every token: compile it to a condition that never holds.
    return conditions.length > 0 ? conditions : [condition(claim, 'in', [])];
  });
}

export function holdsFor(condition: Condition, claims: Claims): boolean {
  return condition.holds(claimAt(claims, condition.claim));
}

function condition(claim: string, operator: Operator, expected: readonly string[]): Condition {
  return { claim, operator, expected, holds: compileOperator(operator, expected) };
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
