import type { KeyPath } from '../../problems/key-path.ts';
import { segmentProblem } from '../../model/resource-pattern.ts';
import type { RuleContext } from '../rule.ts';

/** Types of services whose resources are projects, or lie below one. */
const BOUND_TYPES: readonly string[] = ['oci', 'git', 'gitlab'];

export function checkAllowlist(context: RuleContext): void {
  const { jobTokenAllowlist, services } = context.draft;
  const owners = new Map<string, string>();
  for (const [target, sources] of Object.entries(jobTokenAllowlist)) {
    const path = ['jobTokenAllowlist', target];
    const problem = segmentProblem(target);
    if (problem !== undefined) context.error(path, problem, 'key');
    // GitLab's paths are unique whatever their case.
    const owner = owners.get(target.toLowerCase());
    if (owner !== undefined) {
      const where = context.where(['jobTokenAllowlist', owner]);
      context.error(path, `is the same project as "${owner}" (${where}); put both lists into one`, 'key');
    }
    owners.set(target.toLowerCase(), target);
    for (const [index, source] of sources.entries()) checkSource(context, source, [...path, index]);
  }
  if (owners.size > 0 && !services.some(({ type }) => BOUND_TYPES.includes(type))) {
    const message = 'has no effect: it binds services of type oci, git and gitlab, and there is none';
    context.warn(['jobTokenAllowlist'], message, 'key');
  }
}

function checkSource(context: RuleContext, source: string, path: KeyPath): void {
  const problem = sourceProblem(source);
  if (problem !== undefined) context.error(path, problem);
  else if (/^[*/]+$/.test(source)) {
    context.warn(path, 'lets the job tokens of every project in; name projects or groups');
  }
}

function sourceProblem(source: string): string | undefined {
  if (source.startsWith('id:')) {
    return /^id:[1-9]\d*$/.test(source)
      ? undefined
      : 'must be id: and the number of a project, such as id:42';
  }
  if (/\*{3}/.test(source)) return '"***" is not a wildcard; write * or **';
  const odd = /[^A-Za-z0-9_.\-/*]/u.exec(source)?.[0];
  if (odd !== undefined) return `"${odd}" is not allowed in a project path; only * and ** are wildcards`;
  if (/^\/|\/$/.test(source)) return 'must not start or end with /; a whole group is written group/**';
  if (!source.includes('/') && !source.includes('**')) {
    return 'never matches: the path of a project has its group in it, such as acme/payments or acme/*';
  }
  return segmentProblem(source);
}
