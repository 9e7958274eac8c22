import type { TokenRoute } from './routes.ts';

/** `path`: decoded or not, without its query. */
export type FindTokenRoute = (path: string) => TokenRoute | undefined;

interface Pattern {
  readonly source: TokenRoute;
  /** Literals and `*`, without a trailing `**`. */
  readonly segments: readonly string[];
  /** Index of the last literal among them, by which the route is found. */
  readonly key: number;
  readonly below: boolean;
}

/**
 * Matches paths against routes at any depth, case-insensitively. Almost every path is dismissed by the first
 * character and the length of each segment.
 */
export function indexTokenRoutes(routes: readonly TokenRoute[]): FindTokenRoute {
  const patterns = new Map<string, Pattern[]>();
  const shapes = new Uint8Array(SHAPES);
  for (const source of routes) {
    const pattern = patternOf(source);
    const key = pattern.segments[pattern.key] ?? '';
    patterns.set(key, [...(patterns.get(key) ?? []), pattern]);
    shapes[shapeOf(key, 0, key.length)] = 1;
  }

  function candidates(path: string, start: number, end: number): readonly Pattern[] {
    if (shapes[shapeOf(path, start, end)] !== 1) return NONE;
    return patterns.get(path.slice(start, end).toLowerCase()) ?? NONE;
  }

  return function find(path) {
    const length = path.endsWith('/') ? path.length - 1 : path.length;
    for (let start = 1, at = 0; start <= length; at++) {
      const slash = path.indexOf('/', start);
      const end = slash === -1 || slash > length ? length : slash;
      let found = candidates(path, start, end);
      if (found.length === 0 && end === length) {
        // Rails reads `tokens.json` as `tokens`, and Windows `tokens.` as well.
        const dot = path.indexOf('.', start);
        if (dot !== -1) found = candidates(path, start, dot);
      }
      if (found.length > 0) {
        const segments = path.slice(1, length).toLowerCase().split('/');
        const pattern = found.find((candidate) => matches(candidate, segments, at));
        if (pattern !== undefined) return pattern.source;
      }
      start = end + 1;
    }
    return undefined;
  };
}

function patternOf(source: TokenRoute): Pattern {
  const below = source.route.endsWith('/**');
  const segments = source.route.slice(0, below ? -3 : undefined).split('/');
  return { source, segments, key: segments.findLastIndex((segment) => segment !== '*'), below };
}

/** `at`: where in the path the key of the pattern is. */
function matches({ source, segments, key, below }: Pattern, path: readonly string[], at: number): boolean {
  const from = at - key;
  const behind = path.length - (from + segments.length);
  if (from < 0 || behind < 0 || (behind > 0 && !below)) return false;
  if (source.atRoot === true && from > 1) return false;
  return segments.every((segment, i) => i === key || segment === '*' || segment === path[from + i]);
}

const NONE: readonly Pattern[] = [];

const SHAPES = 0x80 * 0x20;

/**
 * Combines the first character, folded like an ASCII letter, with the length; both are small numbers for
 * every key.
 */
function shapeOf(text: string, start: number, end: number): number {
  return (((text.charCodeAt(start) | 0x20) & 0x7f) << 5) | ((end - start) & 0x1f);
}
