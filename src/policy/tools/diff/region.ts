import { plainClaimName } from '../../../core/credentials/claims.ts';
import type { MatchOperator } from '../../../core/issuers/guarded-claims.ts';
import {
  bothOf,
  isImpossible,
  isNarrower,
  UNCONSTRAINED,
  type TextConstraint,
} from '../../../util/text/text-constraint.ts';
import type { CompiledIdentity } from '../../compile/identity.ts';

/** The claims of a set of credentials: a conjunction of conditions. */
export interface Region {
  readonly claims: ReadonlyMap<string, TextConstraint>;
  /** `job_project_id` is missing or equals `project_id` (guard of GitLab). */
  readonly isOwnJob: boolean;
}

/** The claims that an identity matches. */
export function regionOf(identity: Pick<CompiledIdentity, 'conditions' | 'guards'>): Region {
  const known = regions.get(identity);
  if (known !== undefined) return known;
  const claims = new Map<string, TextConstraint>();
  for (const { claim, operator, expected } of identity.conditions)
    constrain(claims, plainClaimName(claim), constraintOf(operator, expected));
  let isOwnJob = false;
  for (const { guarded } of identity.guards) {
    switch (guarded.kind) {
      case 'default_condition': {
        const { claim, operator, values, optional } = guarded;
        constrain(claims, claim, { ...constraintOf(operator, values), isText: !optional });
        break;
      }
      case 'same_claim':
        isOwnJob = true;
        break;
      default:
        guarded satisfies never;
    }
  }
  const region = { claims, isOwnJob };
  regions.set(identity, region);
  return region;
}

const regions = new WeakMap<object, Region>();

export function intersect(a: Region, b: Region): Region | undefined {
  const claims = new Map(a.claims);
  for (const [claim, constraint] of b.claims) {
    constrain(claims, claim, constraint);
    if (isImpossible(claims.get(claim) ?? UNCONSTRAINED)) return undefined;
  }
  return { claims, isOwnJob: a.isOwnJob || b.isOwnJob };
}

/** Whether every credential of `inner` is in `outer`; false where that is undecided. */
export function isWithinRegion(inner: Region, outer: Region): boolean {
  for (const [claim, constraint] of outer.claims)
    if (!isNarrower(inner.claims.get(claim) ?? UNCONSTRAINED, constraint)) return false;
  return !outer.isOwnJob || inner.isOwnJob || hasOneProject(inner);
}

/** `job_project_id` and `project_id` have one value, the same. */
function hasOneProject({ claims }: Region): boolean {
  const [job, project] = ['job_project_id', 'project_id'].map((claim) => claims.get(claim)?.values);
  return job?.length === 1 && project?.length === 1 && job[0] === project[0];
}

/** One region for each value of the claims that have several, so that each is compared on its own. */
export function splitRegion(region: Region, maximum = 64): readonly Region[] {
  let split: readonly Region[] = [region];
  for (const [claim, constraint] of region.claims) {
    const { values } = constraint;
    if (values === undefined || values.length < 2 || values.length * split.length > maximum) continue;
    split = split.flatMap((each) =>
      values.map((value): Region => ({
        ...each,
        claims: new Map([...each.claims, [claim, { ...constraint, values: [value] }]]),
      })),
    );
  }
  return split;
}

export function constraintOf(operator: MatchOperator, expected: readonly string[]): TextConstraint {
  switch (operator) {
    case 'equals':
    case 'in':
      return { ...UNCONSTRAINED, values: expected.filter((value) => value !== ''), isText: true };
    case 'notIn':
      return { ...UNCONSTRAINED, notIn: expected, isText: true };
    case 'glob':
      return { ...UNCONSTRAINED, globs: [expected], isText: true };
    case 'contains':
      return { ...UNCONSTRAINED, contains: expected };
    default:
      return operator satisfies never;
  }
}

function constrain(claims: Map<string, TextConstraint>, claim: string, constraint: TextConstraint): void {
  claims.set(claim, bothOf(claims.get(claim) ?? UNCONSTRAINED, constraint));
}
