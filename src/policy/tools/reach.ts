import { compileMatch, type Condition } from '../compile/condition.ts';
import type { CompiledGrant } from '../compile/grant.ts';
import type { CompiledIdentity } from '../compile/identity.ts';
import type { ResourceTemplate } from '../compile/resource-template.ts';
import { lowerAscii } from '../evaluate/claim-value.ts';
import { ownProjectNames } from '../evaluate/own-project.ts';
import { covers, expandGrants } from '../evaluate/permissions.ts';
import { candidateAssignments, claimsFrom, claimsOf, type Assignment } from './template-candidates.ts';

/** Whether a resource pattern can match a resource, and the claim values that it needs. */
export type Reach =
  { readonly kind: 'never' } | { readonly kind: 'reaches'; readonly conditions: readonly string[] };

const ALWAYS: Reach = { kind: 'reaches', conditions: [] };

/** The evaluator decides with every candidate for the claims of the pattern. */
export function reachOf(
  grant: CompiledGrant,
  template: ResourceTemplate,
  identity: CompiledIdentity | undefined,
  target: { readonly serviceType: string; readonly scope: string; readonly resource: string },
): Reach {
  const { serviceType, scope, resource } = target;
  const pathClaims = identity?.pathClaims ?? [];
  const own = serviceType === 'gitlab' ? ['project_path', 'project_id'] : [];
  const names = [...new Set([...claimsOf(template.source), ...own])];
  const single = [{ ...grant, scopes: [scope], resources: [template] }];
  const matches = (assigned: Assignment): boolean => {
    const claims = claimsFrom(assigned);
    const permissions = expandGrants(single, claims, pathClaims);
    const operations = ownProjectNames(serviceType, claims, pathClaims)({ scope, resource, extent: 'one' });
    return operations.some((operation) => covers(permissions, operation));
  };
  if (matches(new Map())) return ALWAYS;
  if (identity === undefined || names.length === 0) return { kind: 'never' };

  const acceptsAny = (assigned: Assignment): boolean =>
    accepts(identity, assigned, serviceType === 'oci' ? holdsInSomeCase : holds);
  const { assignments, complete } = candidateAssignments(template.source, resource);
  const fixed = combine(names, (name) => fixedValues(identity, name) ?? ownValue(name, resource, own));
  const wanted = [...assignments, ...fixed]
    .flatMap((each) => completions(each, names, identity, resource, own))
    .filter((assigned) => isPossible(assigned, own) && acceptsAny(assigned) && matches(assigned));
  if (!complete)
    return { kind: 'reaches', conditions: [`the claims make ${template.source} match ${resource}`] };
  const texts = new Set(
    wanted.map((assigned) => describe(assigned, identity, claimsOf(template.source), own)),
  );
  if (texts.has('')) return ALWAYS;
  if (wanted.length === 0 && own.length > 0 && ownProjects(template.source, identity, resource).some(matches))
    texts.add(`${resource} is the project of the token, and its other name matches ${template.source}`);
  return texts.size === 0 ? { kind: 'never' } : { kind: 'reaches', conditions: [[...texts].join(' or ')] };
}

/** GitLab's two names of the caller's project, where only the other one matches the pattern. */
function ownProjects(source: string, identity: CompiledIdentity, resource: string): readonly Assignment[] {
  const byId = resource.startsWith('id:');
  const known = byId ? 'project_id' : 'project_path';
  const other = byId ? 'project_path' : 'project_id';
  const value = byId ? resource.slice(3) : resource;
  const assigned: Assignment = new Map([
    ...claimsOf(source).map((name): [string, string] => [name, fixedValues(identity, name)?.[0] ?? 'x']),
    [known, value],
  ]);
  const named = source.replaceAll(/\{claims\.([^{}]+)\}/g, (_, name: string) => assigned.get(name) ?? 'x');
  const instance = named.replaceAll(/\*+/g, 'x');
  const values = fixedValues(identity, other) ?? [byId ? instance : instance.replace(/^id:/, '')];
  return accepts(identity, new Map([[known, value]]), holds)
    ? values.map((each): Assignment => new Map([...assigned, [other, each]]))
    : [];
}

/** The values of `equals` and `in` conditions on a claim. */
function fixedValues({ conditions }: CompiledIdentity, name: string): readonly string[] | undefined {
  return conditions.find(
    ({ claim, operator }) => claim === name && (operator === 'equals' || operator === 'in'),
  )?.expected;
}

/** GitLab names the caller's own project by path or `id:NN`. The resource can also be another project. */
function ownValue(name: string, resource: string, own: readonly string[]): readonly string[] {
  if (!own.includes(name)) return [];
  const id = resource.startsWith('id:') ? resource.slice(3) : undefined;
  if (name === 'project_id') return id === undefined ? [UNKNOWN_ID] : [id, UNKNOWN_ID];
  return id === undefined ? [resource, UNKNOWN_PATH] : [UNKNOWN_PATH];
}

/** A project whose other name the query does not give. */
const UNKNOWN_ID = '0';
const UNKNOWN_PATH = 'unknown/project';

function completions(
  assigned: Assignment,
  names: readonly string[],
  identity: CompiledIdentity,
  resource: string,
  own: readonly string[],
): readonly Assignment[] {
  return combine(names, (name) => {
    const value = assigned.get(name);
    if (value !== undefined) return [value];
    return fixedValues(identity, name) ?? ownValue(name, resource, own);
  });
}

/** All combinations of the values of the claims; claims without a value are left out. */
function combine(
  names: readonly string[],
  valuesOf: (name: string) => readonly string[],
): readonly Assignment[] {
  let combined: Assignment[] = [new Map()];
  for (const name of names) {
    const values = valuesOf(name);
    if (values.length === 0) continue;
    combined = combined
      .flatMap((each) => values.map((value): Assignment => new Map([...each, [name, value]])))
      .slice(0, MAX_COMBINATIONS);
  }
  return combined;
}

const MAX_COMBINATIONS = 10_000;

type Holds = (condition: Condition, value: string) => boolean;

function accepts({ conditions }: CompiledIdentity, assigned: Assignment, holdsFor: Holds): boolean {
  return conditions.every((condition) => {
    const value = assigned.get(condition.claim);
    return value === undefined || isUnknown(value) || holdsFor(condition, value);
  });
}

const holds: Holds = (condition, value) => condition.holds(value);

/** Image names are lowercase and claims are not, so a condition can require another case of the value. */
const holdsInSomeCase: Holds = (condition, value) => {
  if (condition.holds(value)) return true;
  const { claim, operator, expected } = condition;
  if (operator === 'notIn') return value.toUpperCase() !== value;
  if (operator !== 'glob') return false;
  return compileMatch({ [claim]: { glob: expected.map(lowerAscii) } }).every((each) =>
    each.holds(lowerAscii(value)),
  );
};

/** A GitLab path has no colon, so it never looks like the other name of a project. */
function isPossible(assigned: Assignment, own: readonly string[]): boolean {
  return !own.includes('project_path') || assigned.get('project_path')?.startsWith('id:') !== true;
}

function isUnknown(value: string | undefined): boolean {
  return value === UNKNOWN_ID || value === UNKNOWN_PATH;
}

/** The values that the conditions of the identity do not already require. */
function describe(
  assigned: Assignment,
  identity: CompiledIdentity,
  used: readonly string[],
  own: readonly string[],
): string {
  return [...assigned]
    .filter(([name, value]) => (used.includes(name) || own.includes(name)) && !isUnknown(value))
    .filter(([name]) => fixedValues(identity, name)?.length !== 1)
    .map(([name, value]) => `${name} is ${JSON.stringify(value)}`)
    .join(' and ');
}
