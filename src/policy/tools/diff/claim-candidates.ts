import { plainClaimName } from '../../../core/credentials/claims.ts';
import type { Claims } from '../../../core/credentials/credential.ts';
import { acceptsText, textsOf, type TextConstraint } from '../../../util/text/text-constraint.ts';
import { claimsFrom } from '../template-candidates.ts';
import { regionOf, type Region } from './region.ts';
import { claimNames } from './templates.ts';
import type { AccessAtom } from './cells.ts';
import type { CompiledIdentity } from '../../compile/identity.ts';

const MAX_VALUES = 12;
const MAX_OWN_VALUES = 20;
const MAX_CANDIDATES = 400;

/** Claims of credentials in the region, the most ordinary first, with values that tell the other identities apart. */
export function* candidateClaims(
  region: Region,
  { template, service, identity }: AccessAtom,
  others: readonly CompiledIdentity[],
): Generator<Claims> {
  const used = claimNames(template.parts);
  const own = service.type === 'gitlab' || service.type === 'oci' || service.type === 'git';
  const names = new Set([
    ...region.claims.keys(),
    ...used.map(plainClaimName),
    ...(own && identity.pathClaims.includes('project_path') ? ['project_path', 'project_id'] : []),
    ...others.flatMap((other) => [...regionOf(other).claims.keys()]),
  ]);
  const space = [...names].map((name): readonly [string, readonly unknown[]] => [
    name,
    valuesFor(name, region.claims.get(name), others),
  ]);
  if (space.some(([, values]) => values.length === 0)) return;
  const base = space.map(() => 0);
  let left = MAX_CANDIDATES;
  for (const choice of choices(base, space)) {
    if (left-- <= 0) return;
    const claims = toClaims(space, choice);
    if (claims !== undefined) yield claims;
  }
}

/** The first values of all claims, then one other value, then two. */
function* choices(
  base: readonly number[],
  space: readonly (readonly [string, readonly unknown[]])[],
): Generator<readonly number[]> {
  yield base;
  const single = space.flatMap(([, values], at) =>
    values.slice(1).map((_, index) => [at, index + 1] as const),
  );
  for (const [at, index] of single) yield base.with(at, index);
  for (const [first, [at, index]] of single.entries())
    for (const [other, second] of single.slice(first + 1))
      if (other !== at) yield base.with(at, index).with(other, second);
}

function valuesFor(
  name: string,
  constraint: TextConstraint | undefined,
  others: readonly CompiledIdentity[],
): readonly unknown[] {
  const constants = others.flatMap((other): readonly unknown[] => {
    const theirs = regionOf(other).claims.get(name);
    if (theirs === undefined) return [];
    return theirs.contains.length > 0 ? [theirs.contains] : textsOf(theirs).slice(0, 3);
  });
  if (constraint === undefined)
    return name === 'job_project_id'
      ? [undefined, ...constants.slice(0, MAX_VALUES)]
      : [ordinaryValue(name), undefined, ...new Set(constants)].slice(0, MAX_VALUES);
  if (constraint.contains.length > 0) return [constraint.contains];
  const own = textsOf(constraint).slice(0, MAX_OWN_VALUES);
  if (constraint.values !== undefined) return own;
  const more = [ordinaryValue(name), ...constants].filter(
    (value) => typeof value === 'string' && acceptsText(constraint, value),
  );
  return [...new Set([...own, ...more])].slice(0, MAX_OWN_VALUES);
}

function ordinaryValue(name: string): string {
  switch (name) {
    case 'project_path':
      return 'group/project';
    case 'namespace_path':
      return 'group';
    case 'repository':
      return 'owner/repository';
    case 'event_name':
      return 'push';
    default:
      return name.endsWith('_id') ? '1' : 'other';
  }
}

/** Undefined if a claim and a member of it are both given. */
function toClaims(
  space: readonly (readonly [string, readonly unknown[]])[],
  choice: readonly number[],
): Claims | undefined {
  const given = space.flatMap(([name, values], at): [string, unknown][] => {
    const value = values[choice[at] ?? 0];
    return value === undefined ? [] : [[name, value]];
  });
  try {
    return claimsFrom(new Map(given));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
