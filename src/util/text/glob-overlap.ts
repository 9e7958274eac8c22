import { compileGlob, globTokens, type GlobToken } from './glob.ts';

/** Fillers of wildcards, each a plausible part of a name. */
const FILLERS = ['x', 'y', 'z', 'x1', 'x2', 'x3', 'x4', 'x5', ''];

const OPTIONS = { separators: '/:', matchBase: false } as const;

/** Texts that match the pattern, the most readable first. */
export function examplesOf(glob: string): string[] {
  return FILLERS.map((filler) =>
    globTokens(glob)
      .map((token) => (token.kind === 'literal' ? token.text : filler))
      .join(''),
  );
}

/** Texts that match both patterns, whose `*` stops at `/` and `:`; empty where no text does. */
export function commonExamples(a: string, b: string): string[] {
  const [inA, inB] = [compileGlob(a, OPTIONS), compileGlob(b, OPTIONS)];
  const readable = [
    ...examplesOf(a).filter((text) => inB.test(text)),
    ...examplesOf(b).filter((text) => inA.test(text)),
  ];
  const merged = FILLERS.flatMap((filler) => shortestCommon(stepsOf(a), stepsOf(b), filler) ?? []);
  return [...new Set([...readable, ...merged])].filter((text) => inA.test(text) && inB.test(text));
}

/** A character, or a wildcard. */
type Step = { readonly kind: 'char'; readonly text: string } | Exclude<GlobToken, { kind: 'literal' }>;

function stepsOf(glob: string): Step[] {
  return globTokens(glob).flatMap((token): Step[] =>
    token.kind === 'literal' ? token.text.split('').map((text) => ({ kind: 'char', text })) : [token],
  );
}

/** Breadth-first search over the pairs of positions. A pair of wildcards contributes `filler`. */
function shortestCommon(a: readonly Step[], b: readonly Step[], filler: string): string | undefined {
  const seen = new Set<number>();
  let level: { readonly i: number; readonly j: number; readonly text: string }[] = [{ i: 0, j: 0, text: '' }];
  const width = b.length + 1;
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { i, j, text } of level) {
      if (seen.has(i * width + j)) continue;
      seen.add(i * width + j);
      const [left, right] = [a[i], b[j]];
      if (left === undefined && right === undefined) return text;
      if (isWild(left) && isWild(right)) next.push({ i: i + 1, j: j + 1, text: text + filler });
      // A wildcard ends here, or takes the next character of the other pattern.
      if (isWild(left)) next.push({ i: i + 1, j, text });
      if (isWild(right)) next.push({ i, j: j + 1, text });
      if (left?.kind === 'char' && right?.kind === 'char' && left.text === right.text)
        next.push({ i: i + 1, j: j + 1, text: text + left.text });
      else if (right?.kind === 'char' && takes(left, right.text))
        next.push({ i, j: j + 1, text: text + right.text });
      else if (left?.kind === 'char' && takes(right, left.text))
        next.push({ i: i + 1, j, text: text + left.text });
    }
    level = next;
  }
  return undefined;
}

function isWild(step: Step | undefined): boolean {
  return step !== undefined && step.kind !== 'char';
}

function takes(step: Step | undefined, char: string): boolean {
  return step?.kind === 'globstar' || (step?.kind === 'star' && char !== '/' && char !== ':');
}
