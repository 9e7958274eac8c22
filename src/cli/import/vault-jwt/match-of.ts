import { plainClaimName } from '../../../core/credentials/claims.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { jsonText } from '../../../util/json/text.ts';
import type { BoundClaim, VaultRole } from './role.ts';

interface Operator {
  readonly operator: 'in' | 'glob' | 'contains';
  readonly values: readonly string[];
}

/** The conditions of one identity. */
export type Match = ReadonlyMap<string, readonly Operator[]>;

export type MatchesOf =
  | { readonly kind: 'matches'; readonly matches: readonly Match[] }
  | { readonly kind: 'none'; readonly reason: string };

const MAX_MATCHES = 32;

/** The matches that together accept the tokens of a role: several if a list may contain one of several values. */
export function matchesOf({ bound }: VaultRole, type: IssuerType): MatchesOf {
  if (bound.length === 0) return { kind: 'none', reason: 'the role binds no claim' };
  let matches: Match[] = [new Map()];
  for (const each of bound) {
    const operators = operatorsOf(each, isList(each.claim, type));
    if (operators === undefined)
      return { kind: 'none', reason: `"${each.claim}" is a list, and contains accepts no pattern` };
    matches = matches.flatMap((match) =>
      operators.map(
        (operator) => new Map([...match, [each.claim, [...(match.get(each.claim) ?? []), operator]]]),
      ),
    );
    if (matches.length > MAX_MATCHES)
      return { kind: 'none', reason: 'it binds too many combinations of values of lists' };
  }
  return { kind: 'matches', matches };
}

/** Vault compares each value of a list, an identity needs `contains`. */
function isList(claim: string, type: IssuerType): boolean {
  return ISSUER_PRESETS[type].lists.includes(plainClaimName(claim));
}

/** One operator for each identity; undefined if there is none. */
function operatorsOf(bound: BoundClaim, isList: boolean): readonly Operator[] | undefined {
  const { values } = bound;
  const patterns = hasPattern(bound);
  if (isList)
    return patterns ? undefined : values.map((value) => ({ operator: 'contains', values: [value] }));
  // `*` of Vault also matches `/` and `:`.
  return patterns
    ? [{ operator: 'glob', values: values.map((value) => value.replaceAll(/\*+/g, '**')) }]
    : [{ operator: 'in', values }];
}

function hasPattern({ values, glob }: BoundClaim): boolean {
  return glob && values.some((value) => value.includes('*'));
}

/** Greater for more and narrower conditions: the first identity that matches a token applies. */
export function specificity({ bound }: VaultRole): number {
  return bound.reduce((sum, each) => sum + (hasPattern(each) ? 1 : 2), 0);
}

/** The condition of a claim in YAML. */
export function conditionText(operators: readonly Operator[]): string {
  const [first, second] = operators;
  const [only, more] = first?.values ?? [];
  if (first?.operator === 'in' && second === undefined && only !== undefined && more === undefined)
    return yamlValue(only);
  const texts = operators.map(({ operator, values }, index) => {
    const list = values.map(yamlValue).join(', ');
    // `sub` can be bound twice: bound_subject is the first.
    if (operator === 'in' && index === 0 && second?.operator === 'in') return `equals: ${list}`;
    return operator === 'contains' || (operator === 'glob' && values.length === 1)
      ? `${operator}: ${list}`
      : `${operator}: [${list}]`;
  });
  return `{ ${texts.join(', ')} }`;
}

/** A text in YAML; the loader reads `$${` as `${`. */
export function yamlValue(text: string): string {
  return jsonText(text.replaceAll('${', () => '$${'));
}
