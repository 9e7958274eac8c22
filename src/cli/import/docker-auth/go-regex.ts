import { ANY_NAME, resourcePattern, type NamePattern, type NameToken } from './name-tokens.ts';
import { ExpressionReader } from './expression-reader.ts';

/** Searches the text, as Go's `regexp.Match`; undefined if this runtime cannot read the expression. */
export function execGoRegex(expression: string, text: string): RegExpExecArray | null | undefined {
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(expression) ?? [];
  try {
    return new RegExp(rest.replaceAll('(?P<', '(?<'), flags).exec(text);
  } catch {
    return undefined;
  }
}

/**
 * Resource patterns for the repository names that an expression matches: literals, alternatives, groups, `.*`, `.+`,
 * `[^/]*`, `[^/]+` and anchors. Where other syntax occurs, the patterns match more names (`exact: false`).
 */
export function patternsOfGoRegex(expression: string): readonly NamePattern[] {
  const alternatives = new ExpressionReader(expression).read();
  if (alternatives === undefined) return [ANY_NAME];
  return alternatives.flatMap((tokens) => {
    const last = tokens.length - 1;
    const misplaced = ({ kind }: NameToken, at: number): boolean =>
      (kind === 'start' && at !== 0) || (kind === 'end' && at !== last);
    if (tokens.some(misplaced)) return [ANY_NAME];
    const before = tokens[0]?.kind === 'start' ? [] : [ANY_TEXT];
    const after = tokens.at(-1)?.kind === 'end' ? [] : [ANY_TEXT];
    return resourcePattern([...before, ...tokens, ...after]) ?? [];
  });
}

const ANY_TEXT: NameToken = { kind: 'wild', slash: true, nonEmpty: false, exact: true };
