import { isContained, languageOf, findText, type TextPattern } from '../../../util/text/glob-language.ts';
import { globTokens } from '../../../util/text/glob.ts';
import { foldPath, isWithinProject, type AllowlistSettings } from '../../compile/job-token-allowlist.ts';
import { constraintOf, intersect, regionOf, type Region } from './region.ts';
import type { AccessAtom, UncoveredCell } from './cells.ts';

/** A target project that may accept job tokens of more projects. */
export interface WidenedTarget {
  readonly target: string;
  readonly source: string;
}

/** The entries of `to` that may allow what `from` refuses. */
export function widenedTargets(from: AllowlistSettings, to: AllowlistSettings): readonly WidenedTarget[] {
  const targets = Object.keys(from);
  const kept = new Set(Object.keys(to).map(foldPath));
  return Object.entries(to).flatMap(([target, sources]) => {
    const folded = foldPath(target);
    // The longest target decides, so other lists can apply to resources of this one.
    const [longest] = targets
      .filter((other) => isWithinProject(folded, foldPath(other)))
      .toSorted((a, b) => b.length - a.length);
    const below = targets.filter(
      (other) => foldPath(other).startsWith(`${folded}/`) && !kept.has(foldPath(other)),
    );
    const lists = [longest, ...below].map((other) => (other === undefined ? [] : (from[other] ?? [])));
    return sources
      .filter((source) => !lists.every((list) => includes(list, source)))
      .map((source) => ({ target, source }));
  });
}

function includes(list: readonly string[], source: string): boolean {
  if (list.includes(source)) return true;
  if (source.startsWith('id:')) return false;
  const paths = list.filter((each) => !each.startsWith('id:'));
  return isContained(pathsOf(source), paths.map(pathsOf));
}

function pathsOf(source: string): TextPattern {
  return { alternatives: [globTokens(foldPath(source))], separators: '/' };
}

/** The widened targets whose resources the pattern of the atom can match. */
export function allowlistCells(
  { template, identity }: AccessAtom,
  widened: readonly WidenedTarget[],
): readonly UncoveredCell[] {
  const folded = languageOf(
    template.parts.map((part) => {
      if (part.kind === 'claim') return { kind: 'globstar' };
      return part.kind === 'literal' ? { ...part, text: foldPath(part.text) } : part;
    }),
  );
  return widened.flatMap(({ target, source }): UncoveredCell[] => {
    const resources = languageOf(globTokens(`${foldPath(target)}/**`));
    if (findText([folded, resources]).kind === 'none') return [];
    const why = `jobTokenAllowlist of "${target}" does not include "${source}" in the other configuration`;
    return [{ region: limitTo(regionOf(identity), source), why, project: target }];
  });
}

function limitTo(region: Region, source: string): Region {
  const own = source.startsWith('id:')
    ? (['project_id', constraintOf('equals', [source.slice('id:'.length)])] as const)
    : (['project_path', constraintOf('glob', [source])] as const);
  return intersect(region, { claims: new Map([own]), isOwnJob: false }) ?? region;
}
