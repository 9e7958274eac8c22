import type { NameToken } from './name-tokens.ts';

/** The pattern of Go's `path.Match` as tokens; undefined if it is malformed, so that it matches nothing. */
export function parseGoGlob(pattern: string): NameToken[] | undefined {
  const tokens: NameToken[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? '';
    if (char === '*') tokens.push({ kind: 'wild', slash: false, nonEmpty: false, exact: true });
    else if (char === '?') tokens.push({ kind: 'wild', slash: false, nonEmpty: true, exact: false });
    else if (char === '[') {
      const end = classEnd(pattern, at);
      if (end === undefined) return undefined;
      // A negated class of path.Match also matches `/`.
      tokens.push({ kind: 'wild', slash: true, nonEmpty: true, exact: false });
      at = end;
    } else if (char === '\\') {
      const escaped = pattern[at + 1];
      if (escaped === undefined) return undefined;
      tokens.push({ kind: 'literal', text: escaped });
      at += 1;
    } else tokens.push({ kind: 'literal', text: char });
  }
  return tokens;
}

/** Whether the text matches a pattern of Go's `path.Match`. */
export function matchesGoGlob(pattern: string, text: string): boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? '';
    const end = char === '[' ? classEnd(pattern, at) : undefined;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (end !== undefined) {
      source += pattern.slice(at, end + 1);
      at = end;
    } else if (char === '[') return false;
    else if (char === '\\') {
      at += 1;
      if (at === pattern.length) return false;
      source += literal(pattern[at] ?? '');
    } else source += literal(char);
  }
  try {
    return new RegExp(`^(?:${source})$`, 'u').test(text);
  } catch {
    return false;
  }
}

function classEnd(pattern: string, start: number): number | undefined {
  const first = pattern[start + 1] === '^' ? start + 2 : start + 1;
  for (let at = first; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']') return at > first ? at : undefined;
  }
  return undefined;
}

function literal(char: string): string {
  return /\w/.test(char) ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
