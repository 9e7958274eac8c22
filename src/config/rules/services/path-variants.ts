import { compileGlob, type Glob } from '../../../util/text/glob.ts';
import type { Draft, DraftService } from '../../model/draft.ts';
import type { RuleContext } from '../rule.ts';

type HttpService = Extract<DraftService, { type: 'http' }>;
type HttpOperation = NonNullable<HttpService['operations']>[number];

interface Caller {
  readonly label: string;
  readonly grants: readonly { readonly scopes: readonly string[]; readonly resources: readonly string[] }[];
}

/**
 * Warns about a path whose other spellings need another scope. Servers that ignore case, formats such as `.json` or
 * spaces serve them as the same resource; policy decides on the path byte for byte.
 */
export function checkPathVariants(context: RuleContext): void {
  const globs = new Map<string, Glob>();
  const test = (pattern: string, path: string): boolean => {
    const glob = globs.get(pattern) ?? compileGlob(pattern);
    globs.set(pattern, glob);
    return glob.test(path);
  };
  for (const service of context.draft.services) {
    if (service.type !== 'http' || service.operations === undefined) continue;
    const { operations } = service;
    let callers: readonly Caller[] | undefined;
    for (const [index, operation] of operations.entries()) {
      for (const [position, pattern] of (operation.paths ?? []).entries()) {
        const found = widerVariants(operations, index, pattern, test);
        if (found === undefined) continue;
        callers ??= callersOf(context.draft, service);
        const reached = firstReached(callers, found, operation.scope, test);
        if (reached === undefined) continue;
        const at = operations.indexOf(found.wide);
        const where = context.where(['services', service.name, 'operations', at]);
        const message = `does not match ${reached.variants.join(', ')}, which need only the scope "${found.wide.scope}" of operations[${at}] (${where}); an upstream that ignores case, format suffixes or spaces serves them as ${found.path}, to ${reached.caller.label} too. List the paths of operations[${at}], or narrow the resources of its grants`;
        context.warn(['services', service.name, 'operations', index, 'paths', position], message);
      }
    }
  }
}

type Test = (pattern: string, path: string) => boolean;

interface WiderVariants {
  /** A path of the narrow operation, and its other spellings. */
  readonly path: string;
  readonly variants: readonly string[];
  readonly wide: HttpOperation;
}

/** The spellings of a path that one later operation with another scope takes. */
function widerVariants(
  operations: readonly HttpOperation[],
  index: number,
  pattern: string,
  test: Test,
): WiderVariants | undefined {
  const narrow = operations[index];
  const path = pattern.replaceAll(/\*+/g, 'x');
  for (const method of narrow?.methods ?? []) {
    const take = (target: string): HttpOperation | undefined =>
      operations.find(
        ({ methods, paths }) =>
          methods.includes(method) && (paths === undefined || paths.some((each) => test(each, target))),
      );
    if (take(path) !== narrow) continue;
    const taken = Map.groupBy(spellingsOf(pattern), take);
    for (const [wide, variants] of taken)
      if (wide !== undefined && operations.indexOf(wide) > index && wide.scope !== narrow?.scope)
        return { path, variants, wide };
  }
  return undefined;
}

function spellingsOf(pattern: string): string[] {
  const path = pattern.replaceAll(/\*+/g, 'x');
  const literal = pattern.replace(/\/\*+$/, '');
  const upper = pattern.toUpperCase() === pattern ? pattern.toLowerCase() : pattern.toUpperCase();
  const cased = upper.replaceAll(/\*+/g, 'x');
  const isPlain = literal !== '' && !literal.includes('*') && !literal.endsWith('/');
  const rest = isPlain ? path.slice(literal.length) : '';
  const suffixed = isPlain ? [`${literal}.json`, `${literal}%20${rest}`] : [];
  return [...(cased === path ? [] : [cased]), ...suffixed];
}

/** The first caller that gets other spellings of a path, but not the path. */
function firstReached(
  callers: readonly Caller[],
  { path, variants, wide }: WiderVariants,
  narrowScope: string,
  test: Test,
): { readonly caller: Caller; readonly variants: readonly string[] } | undefined {
  for (const caller of callers) {
    const granted = variants.filter((variant) => holds(caller, wide.scope, variant, test));
    if (granted.length > 0 && !holds(caller, narrowScope, path, test, 'with claims'))
      return { caller, variants: granted };
  }
  return undefined;
}

function callersOf({ identities, roles, deployTokens }: Draft, service: HttpService): readonly Caller[] {
  const own = (grants: Draft['roles'][string]): Caller['grants'] =>
    grants.filter((grant) => grant.service === service.name);
  const byRole = new Map(Object.entries(roles).map(([role, grants]) => [role, own(grants)]));
  return [
    { label: 'callers without a credential', grants: service.anonymous },
    ...deployTokens.map(({ name, grants }) => ({ label: `deploy token "${name}"`, grants: own(grants) })),
    ...identities.map(({ name, grants, roles: held }) => ({
      label: `identity "${name}"`,
      grants: [...own(grants), ...held.flatMap((role) => byRole.get(role) ?? [])],
    })),
  ];
}

/** A pattern with claims matches a path for some callers only: `with claims` counts it as a match. */
function holds({ grants }: Caller, scope: string, path: string, test: Test, claims?: 'with claims'): boolean {
  return grants.some(
    ({ scopes, resources }) =>
      scopes.includes(scope) &&
      resources.some((pattern) =>
        pattern.includes('{claims.')
          ? claims !== undefined && test(pattern.replaceAll(/\{claims\.[^{}]*\}/g, '**'), path)
          : test(pattern, path),
      ),
  );
}
