import type { NameToken } from './name-tokens.ts';

/** A part of a pattern of Go's `path.Match`; `class` has the source of a class of JavaScript. */
type GlobPart =
  | { readonly kind: 'star' | 'any' }
  | { readonly kind: 'class'; readonly source: string }
  | { readonly kind: 'literal'; readonly text: string };

/** The pattern of Go's `path.Match` as tokens; undefined if it is malformed, so that it matches nothing. */
export function parseGoGlob(pattern: string): NameToken[] | undefined {
  return readParts(pattern)?.map((part) => {
    switch (part.kind) {
      case 'star':
        return { kind: 'wild', slash: false, nonEmpty: false, exact: true };
      case 'any':
        return { kind: 'wild', slash: false, nonEmpty: true, exact: false };
      case 'class':
        // A negated class of path.Match also matches `/`.
        return { kind: 'wild', slash: true, nonEmpty: true, exact: false };
      case 'literal':
        return part;
      default:
        return part satisfies never;
    }
  });
}

/** Whether the text matches a pattern of Go's `path.Match`. */
export function matchesGoGlob(pattern: string, text: string): boolean {
  const parts = readParts(pattern);
  return parts !== undefined && new RegExp(`^${parts.map(sourceOf).join('')}$`, 'u').test(text);
}

function sourceOf(part: GlobPart): string {
  switch (part.kind) {
    case 'star':
      return '[^/]*';
    case 'any':
      return '[^/]';
    case 'class':
      return part.source;
    case 'literal':
      return escapeOf(codeOf(part.text));
    default:
      return part satisfies never;
  }
}

/** A character of a class. `-` and `]` need an escape. */
const MEMBER = String.raw`(?:\\.|[^\\\]-])`;
const CLASS = String.raw`\[(?:(?<negated>\^)(?!\])|(?!\^))(?<members>(?:${MEMBER}(?:-${MEMBER})?)+)\]`;
const PART = new RegExp(String.raw`\*|\?|${CLASS}|\\(?<escaped>.)|[^\\[]`, 'suy');
const RANGE = new RegExp(String.raw`(${MEMBER})(?:-(${MEMBER}))?`, 'gsu');

function readParts(pattern: string): readonly GlobPart[] | undefined {
  const parts: GlobPart[] = [];
  for (let at = 0; at < pattern.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const found = PART.exec(pattern);
    if (found === null) return undefined;
    const [text, { negated, members, escaped } = {}] = [found[0], found.groups];
    if (members !== undefined) parts.push({ kind: 'class', source: classSource(negated, members) });
    else if (escaped !== undefined) parts.push({ kind: 'literal', text: escaped });
    else if (text === '*') parts.push({ kind: 'star' });
    else parts.push(text === '?' ? { kind: 'any' } : { kind: 'literal', text });
  }
  return parts;
}

/** In Go, an escaped character of a class is literal, and a range in descending order contains no character. */
function classSource(negated = '', members: string): string {
  const ranges = [...members.matchAll(RANGE)].flatMap(([, first = '', last = first]) => {
    const [from, to] = [codeOf(first), codeOf(last)];
    return from <= to ? [`${escapeOf(from)}-${escapeOf(to)}`] : [];
  });
  return `[${negated}${ranges.join('')}]`;
}

/** The code point of a character, with or without a backslash before it. */
function codeOf(member: string): number {
  return member.codePointAt(member.length > 1 && member.startsWith('\\') ? 1 : 0) ?? 0;
}

function escapeOf(code: number): string {
  return `\\u{${code.toString(16)}}`;
}
