import type { DraftGrant, DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { createContainment, readGrantedPattern, type GrantedPattern } from './contained-patterns.ts';

/**
 * Types with capital letters in names, in front of servers that compare them without case: paths of repositories
 * (GitLab, GitHub, Gitea), every package (Gitea `lower_name`), files of a registry on Windows.
 */
const FOLDED_BY_SERVERS: ReadonlySet<DraftService['type']> = new Set<DraftService['type']>([
  'git',
  'gitlab',
  'npm',
  'maven',
  'helm',
  'generic',
  'rpm',
  'rubygems',
  'terraform',
]);

/** Limits the time for thousands of patterns with capital letters. */
const MAX_COMPARISONS = 500_000;

interface PlacedPattern {
  /** The list that contains the pattern. */
  readonly path: KeyPath;
  readonly index: number;
  readonly owner: string;
  readonly pattern: GrantedPattern;
  readonly folded: GrantedPattern;
}

/** Warns about grants of different owners that are the same names for a server that compares names without case. */
export function checkCaseVariants(context: RuleContext): void {
  const isContained = createContainment();
  let comparisons = 0;
  for (const placed of patternsByService(context).values()) {
    const sources = Map.groupBy(placed, ({ owner }) => owner);
    for (const capital of placed.filter(({ pattern, folded }) => pattern.source !== folded.source)) {
      const same = placed.find((other) => {
        if (other.owner === capital.owner || comparisons >= MAX_COMPARISONS) return false;
        comparisons += 1;
        if (!isContained(capital.folded, [other.folded]) && !isContained(other.folded, [capital.folded]))
          return false;
        return (
          !isContained(capital.pattern, patternsOf(sources, other.owner)) &&
          !isContained(other.pattern, patternsOf(sources, capital.owner))
        );
      });
      if (same === undefined) continue;
      const where = context.where([...same.path, same.index]);
      const message = `excludes the names of "${same.pattern.source}" of ${same.owner} (${where}) only by its capital letters; a server that compares names without case, such as Gitea, has one resource for both: write one spelling`;
      context.warn([...capital.path, capital.index], message);
    }
  }
}

function patternsOf(
  owners: ReadonlyMap<string, readonly PlacedPattern[]>,
  owner: string,
): readonly GrantedPattern[] {
  return (owners.get(owner) ?? []).map(({ pattern }) => pattern);
}

function patternsByService({ draft }: RuleContext): ReadonlyMap<string, readonly PlacedPattern[]> {
  const { identities, deployTokens, roles, services } = draft;
  const folding = new Set(services.filter(({ type }) => FOLDED_BY_SERVERS.has(type)).map(({ name }) => name));
  const found = [
    ...Object.entries(roles).flatMap(([name, grants]) => place(['roles', name], `role "${name}"`, grants)),
    ...identities.flatMap(({ name, grants }) =>
      place(['identities', name, 'grants'], `identity "${name}"`, grants),
    ),
    ...deployTokens.flatMap(({ name, grants }) =>
      place(['deployTokens', name, 'grants'], `deploy token "${name}"`, grants),
    ),
  ].filter(({ service }) => folding.has(service));
  return new Map(
    [...Map.groupBy(found, ({ service }) => service)].map(([name, list]) => [
      name,
      list.map(({ placed }) => placed),
    ]),
  );
}

function place(
  path: KeyPath,
  owner: string,
  grants: readonly DraftGrant[],
): readonly { readonly service: string; readonly placed: PlacedPattern }[] {
  return grants.flatMap(({ service, resources }, grant) =>
    resources.map((source, index) => {
      const pattern = readGrantedPattern(source);
      const lower = lowerCase(source);
      const folded = lower === source ? pattern : readGrantedPattern(lower);
      return { service, placed: { path: [...path, grant, 'resources'], index, owner, pattern, folded } };
    }),
  );
}

/** Names of claims keep their case. */
function lowerCase(source: string): string {
  return source.replaceAll(/\{[^{}]*\}|[A-Z]+/g, (text) =>
    text.startsWith('{') ? text : text.toLowerCase(),
  );
}
