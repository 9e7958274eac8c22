import { ANY_NAME, resourcePattern, type NamePattern, type NameToken } from './name-tokens.ts';
import { ExpressionReader, GO_CLASS } from './expression-reader.ts';

/**
 * Syntax with the same meaning in Go and in this runtime. JavaScript reads the rest as other text: `\z` as `z`, `\pL` as
 * `pL`, and `[^]` as a complete class.
 */
const COMMON_SYNTAX = new RegExp(
  String.raw`^(?:${GO_CLASS}|\\(?:[dDwWsSbBtnrfv]|[^A-Za-z0-9])|\((?:\?:|\?P?<\w+>)?(?!\?)|[^\\[(])*$`,
);

/** Searches the text, as Go's `regexp.Match`; undefined if this runtime may read the expression otherwise. */
export function execGoRegex(expression: string, text: string): RegExpExecArray | null | undefined {
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(expression) ?? [];
  if (!COMMON_SYNTAX.test(rest) || hasOtherCharacters(expression + text)) return undefined;
  try {
    return new RegExp(rest.replaceAll('(?P<', '(?<'), flags).exec(text);
  } catch {
    return undefined;
  }
}

/** Characters for which case, `.`, `\s` or the length differ between Go and JavaScript. */
function hasOtherCharacters(text: string): boolean {
  return (
    /[\r\u2028\u2029\ud800-\udfff]/.test(text) || (/\(\?|\\s/i.test(text) && /[^\n\t\x20-\x7e]/.test(text))
  );
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
