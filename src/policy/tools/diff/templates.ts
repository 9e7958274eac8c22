import { plainClaimName } from '../../../core/credentials/claims.ts';
import { findText, languageOf, type TextPattern } from '../../../util/text/glob-language.ts';
import type { PatternToken } from '../../../util/text/glob.ts';
import { compileTemplate, type ResourceTemplate } from '../../compile/resource-template.ts';
import { claimsFrom } from '../template-candidates.ts';
import type { Region } from './region.ts';

/** Resource patterns of one scope that a caller has, with the path claims of its issuer type. */
export interface HeldTemplates {
  readonly templates: readonly ResourceTemplate[];
  readonly pathClaims: readonly string[];
}

/** Values of claims that the region leaves no choice for. */
type Fixed = ReadonlyMap<string, string>;

/**
 * Whether the patterns of `outer` match whatever `inner` matches, for every credential of the region; false where
 * that is undecided.
 */
export function isCovered(
  inner: ResourceTemplate,
  innerPathClaims: readonly string[],
  { templates, pathClaims }: HeldTemplates,
  region: Region,
  serviceType: string,
): boolean {
  // A request for every resource requires the pattern `**` itself.
  if (isEverything(inner)) return templates.some(isEverything);
  const isSameType = innerPathClaims.join() === pathClaims.join();
  if (isSameType && templates.some(({ source }) => source === inner.source)) return true;
  const outer = isSameType ? templates : templates.filter(({ parts }) => claimNames(parts).length === 0);
  if (outer.length === 0) return false;
  const names = [inner, ...outer].flatMap(({ parts }) => claimNames(parts));
  return assignments([...new Set(names)], region).every((fixed) => {
    const context = { fixed, serviceType, pathClaims: innerPathClaims };
    const wanted = toLanguage(inner, context, undefined);
    if (wanted === undefined) return true;
    // The expansion of `inner` shows that its claims are usable; of other claims this is unknown.
    const usable = claimNames(inner.parts);
    const held = outer.flatMap((template) => toLanguage(template, context, usable) ?? []);
    return findText([wanted], held).kind === 'none';
  });
}

export function isEverything({ parts }: ResourceTemplate): boolean {
  return parts.length === 1 && parts[0]?.kind === 'globstar';
}

export function claimNames(parts: ResourceTemplate['parts']): readonly string[] {
  return parts.flatMap((part) => (part.kind === 'claim' ? [part.name] : []));
}

const MAX_ASSIGNMENTS = 64;

/** Every combination of the values of claims that the region limits to a few. */
function assignments(names: readonly string[], { claims }: Region): readonly Fixed[] {
  let all: readonly Fixed[] = [new Map()];
  for (const name of names) {
    const values = claims.get(plainClaimName(name))?.values;
    if (values === undefined || values.length * all.length > MAX_ASSIGNMENTS) continue;
    all = all.flatMap((each) => values.map((value): Fixed => new Map([...each, [name, value]])));
  }
  return all;
}

interface Expanding {
  readonly fixed: Fixed;
  readonly serviceType: string;
  readonly pathClaims: readonly string[];
}

/** Undefined if a claim of the template has an unusable value, or is neither fixed nor one of `usable`. */
function toLanguage(
  { parts }: ResourceTemplate,
  { fixed, serviceType, pathClaims }: Expanding,
  usable: readonly string[] | undefined,
): TextPattern | undefined {
  const tokens: PatternToken[] = [];
  for (const part of parts) {
    if (part.kind !== 'claim') {
      tokens.push(part);
      continue;
    }
    const { name } = part;
    const value = fixed.get(name);
    if (value === undefined) {
      if (usable?.includes(name) === false) return undefined;
      tokens.push({ kind: 'unknown', name, segment: !pathClaims.includes(name) });
      continue;
    }
    const alone = compileTemplate(`{claims.${name}}`, serviceType);
    const expansion = alone.expand(claimsFrom(new Map([[name, value]])), pathClaims);
    if (expansion.kind === 'invalid') return undefined;
    tokens.push(...expansion.tokens);
  }
  return languageOf(tokens);
}
