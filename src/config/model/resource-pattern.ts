import type { ServiceTraits } from './service-traits.ts';

/** What is wrong with the pattern of a grant's resource, or undefined. */
export function resourcePatternProblem(
  pattern: string,
  form: ServiceTraits['resources'],
): string | undefined {
  const literal = pattern.replaceAll(/\{claims\.([^{}]*)\}/g, (match, name: string) =>
    claimNameProblem(name) === undefined ? 'x' : match,
  );
  const badName = /\{claims\.([^{}]*)\}/.exec(literal)?.[1];
  if (badName !== undefined) return `{claims.${badName}} ${claimNameProblem(badName) ?? ''}`;
  const problem = wildcardProblem(literal);
  if (problem !== undefined) return problem;
  if (pattern.trim() !== pattern) return 'starts or ends with a space';
  if (form === 'path' && !/^(\/|\{claims\.|\*\*)/.test(pattern)) {
    return 'must start with /: resources of http services are paths below the service’s own';
  }
  if (form === 'name' && pattern.startsWith('/')) {
    return `must not start with /, as only resources of http services do; write ${pattern.replace(/^\/+/, '') || '**'}`;
  }
  if (literal.includes('%')) return '"%" does not stand for an escape here; write the character itself';
  return segmentProblem(literal);
}

/** The same for a path of `operations`, which knows no caller and is compared with the path as it is sent. */
export function operationPathProblem(pattern: string): string | undefined {
  if (pattern.includes('{claims.')) {
    return 'operations are the same for every caller; put {claims.…} into the resources of a grant';
  }
  const problem = wildcardProblem(pattern);
  if (problem !== undefined) return problem;
  if (!/^(\/|\*\*)/.test(pattern)) return 'must start with /';
  const odd = /[^A-Za-z0-9\-._~!$&'()*,;=:@/]/u.exec(pattern)?.[0];
  if (odd !== undefined) {
    return `"${odd}" can be sent in several spellings; write * in its place`;
  }
  return segmentProblem(pattern);
}

function wildcardProblem(pattern: string): string | undefined {
  if (/\*{3}/.test(pattern)) return '"***" is not a wildcard; write * or **';
  if (/[{}]/.test(pattern))
    return 'only {claims.NAME} is allowed in braces; alternatives are separate patterns';
  const special = /[?[\]\\#]/.exec(pattern)?.[0];
  if (special !== undefined) return `"${special}" is not allowed in a pattern; only * and ** are wildcards`;
  return /[\u0000-\u001f\u007f]/.test(pattern) ? 'holds a control character' : undefined;
}

export function segmentProblem(pattern: string): string | undefined {
  if (pattern.includes('//')) return 'never matches: paths have no empty segments';
  return /(^|\/)\.{1,2}(\/|$)/.test(pattern) ? 'never matches: paths have no dot segments' : undefined;
}

export function claimNameProblem(name: string): string | undefined {
  if (name === '' || name.trim() !== name) return 'names no claim';
  return name.startsWith('/') && /~(?![01])/.test(name)
    ? 'is not a JSON pointer: "~" is written "~0" (RFC 6901)'
    : undefined;
}
