import type { DraftService } from '../../model/draft.ts';
import { indexByName } from '../../model/index-by-name.ts';
import { partsOf } from '../../model/match-parts.ts';
import { resourcePatternProblem } from '../../model/resource-pattern.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { serviceTraits } from '../../model/service-traits.ts';
import { unmatchedPatternProblem } from '../names/unmatched-pattern.ts';

/** Types whose names can contain `/`, where `*` matches only names without one. */
const NAMES_WITH_SLASH: ReadonlySet<string> = new Set([
  'oci',
  'git',
  'gitlab',
  'maven',
  'npm',
  'go',
  'generic',
]);

/** Reports patterns that match fewer names than they seem to. */
export function checkPatterns(context: RuleContext): void {
  const { identities, deployTokens, roles, services } = context.draft;
  const known = indexByName(services);
  const checkAll = (
    path: KeyPath,
    grants: readonly { readonly service: string; readonly resources: readonly string[] }[],
  ): void => {
    for (const [index, { service, resources }] of grants.entries())
      checkResources(context, [...path, index], resources, known.get(service));
  };
  for (const [role, grants] of Object.entries(roles)) checkAll(['roles', role], grants);
  for (const { name, grants } of identities) checkAll(['identities', name, 'grants'], grants);
  for (const { name, grants } of deployTokens) checkAll(['deployTokens', name, 'grants'], grants);
  for (const service of services) {
    for (const [index, { resources }] of service.anonymous.entries())
      checkResources(context, ['services', service.name, 'anonymous', index], resources, service);
  }
  checkRefs(context);
}

function checkResources(
  context: RuleContext,
  path: KeyPath,
  resources: readonly string[],
  service: DraftService | undefined,
): void {
  if (service === undefined) return;
  for (const [index, pattern] of resources.entries()) {
    const place = [...path, 'resources', index];
    if (pattern === '*' && NAMES_WITH_SLASH.has(service.type)) {
      const message = `matches only names without "/"; names of type ${service.type} can contain it: write "**" for all of them`;
      context.warn(place, message);
    }
    // A malformed pattern is an error already.
    if (resourcePatternProblem(pattern, serviceTraits(service.type).resources) !== undefined) continue;
    const problem = unmatchedPatternProblem(service.type, pattern);
    if (problem !== undefined) context.warn(place, problem);
  }
}

/** A branch such as `release/1.2/fix` is possible wherever `release/1.2` is. */
function checkRefs(context: RuleContext): void {
  for (const { name, match } of context.draft.identities) {
    for (const [claim, condition] of Object.entries(match)) {
      if (!['ref', 'ref_path', '/ref', '/ref_path'].includes(claim)) continue;
      const glob = partsOf(condition).globs?.find((each) => /^[^*]*\/\*$/.test(each));
      if (glob === undefined) continue;
      const start = glob.slice(0, -1);
      const message = `does not match refs with a further "/", such as ${start}1.2/x; write ${start}** to include them`;
      context.note(['identities', name, 'match', claim], message);
    }
  }
}
