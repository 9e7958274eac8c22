import { globAlternatives, globTokens, type PatternToken, type Separators } from './glob.ts';

/** A set of texts: those that match one of the alternatives. */
export interface TextPattern {
  readonly alternatives: readonly (readonly PatternToken[])[];
  readonly separators: Separators;
}

/** The texts of a pattern as `compileGlob` matches them by default. */
export function languageOf(tokens: readonly PatternToken[]): TextPattern {
  return { alternatives: globAlternatives(tokens), separators: '/' };
}

/** The texts of patterns whose `*` stops at `/` and `:`. */
export function plainLanguage(globs: readonly string[]): TextPattern {
  return { alternatives: globs.map(globTokens), separators: '/:' };
}

export type TextSearch =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'none' }
  /** The search was cut at its limit. */
  | { readonly kind: 'undecided' };

/** Work that several searches share, for patterns of an author who could make them expensive. */
export interface SearchBudget {
  /** Positions that the searches may still advance; negative: the budget is exhausted. */
  steps: number;
}

/** Sets of positions; patterns of usual length need a few hundred. */
const MAX_STATES = 20_000;

/**
 * Finds a shortest text that matches each pattern of `all` and none of `none`, by a breadth-first search over the
 * product of the patterns' automata. An unknown text in `all` is one step of the search: the result `none` holds for
 * each of its values. The text of a result is exact if no pattern contains unknown texts.
 */
export function findText(
  all: readonly TextPattern[],
  none: readonly TextPattern[] = [],
  maxStates = MAX_STATES,
  budget: SearchBudget = { steps: Infinity },
): TextSearch {
  const automata = [...all, ...none].map(compileAutomaton);
  const units = unitsOf(automata);
  const accepts = (state: ProductState): boolean =>
    automata.every((automaton, at) => isFinal(automaton, state[at] ?? []) === at < all.length);
  let level: { readonly state: ProductState; readonly text: string }[] = [
    { state: automata.map(({ start }) => start), text: '' },
  ];
  const seen = new Set(level.map(({ state }) => keyOf(state)));
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { state, text } of level) {
      if (accepts(state)) return { kind: 'found', text };
      budget.steps -= units.length * state.reduce((sum, positions) => sum + positions.length, 0);
      if (budget.steps < 0) return { kind: 'undecided' };
      for (const unit of units) {
        const to = automata.map((automaton, at) => advance(automaton, state[at] ?? [], unit));
        if (to.slice(0, all.length).some((set) => set.length === 0)) continue;
        const key = keyOf(to);
        if (seen.has(key)) continue;
        if (seen.size >= maxStates) return { kind: 'undecided' };
        seen.add(key);
        next.push({ state: to, text: text + (unit.kind === 'char' ? unit.text : `{${unit.name}}`) });
      }
    }
    level = next;
  }
  return { kind: 'none' };
}

/** Whether every text of `inner` is in one of `outer`; false where that is undecided. */
export function isContained(
  inner: TextPattern,
  outer: readonly TextPattern[],
  budget?: SearchBudget,
): boolean {
  return findText([inner], outer, MAX_STATES, budget).kind === 'none';
}

type Unit =
  | { readonly kind: 'char'; readonly text: string }
  | { readonly kind: 'unknown'; readonly name: string; readonly segment: boolean };

type Step = Unit | { readonly kind: 'star' | 'globstar' };

/** Positions of the alternatives are numbered through; `undefined` is the end of one. */
interface Automaton {
  readonly steps: readonly (Step | undefined)[];
  readonly start: readonly number[];
  readonly separators: Separators;
}

/** The possible positions in each automaton, sorted. */
type ProductState = readonly (readonly number[])[];

function compileAutomaton({ alternatives, separators }: TextPattern): Automaton {
  const steps: (Step | undefined)[] = [];
  const starts: number[] = [];
  for (const tokens of alternatives) {
    starts.push(steps.length);
    for (const token of tokens) {
      if (token.kind === 'literal')
        steps.push(...token.text.split('').map((text): Step => ({ kind: 'char', text })));
      else steps.push(token);
    }
    steps.push(undefined);
  }
  return { steps, start: close(steps, starts), separators };
}

/** A wildcard also matches the empty text. */
function close(steps: Automaton['steps'], positions: Iterable<number>): readonly number[] {
  const closed = new Set(positions);
  for (const at of closed) if (isWildcard(steps[at])) closed.add(at + 1);
  return [...closed].sort((a, b) => a - b);
}

function advance({ steps, separators }: Automaton, from: readonly number[], unit: Unit): readonly number[] {
  if (from.length === 0) return from;
  const to: number[] = [];
  for (const at of from) {
    const step = steps[at];
    if (step === undefined) continue;
    if (step.kind === 'globstar' || (step.kind === 'star' && isWithinSegment(unit, separators))) to.push(at);
    else if (step.kind === unit.kind && nameOf(step) === nameOf(unit)) to.push(at + 1);
  }
  return close(steps, to);
}

function isWithinSegment(unit: Unit, separators: Separators): boolean {
  return unit.kind === 'char' ? !separators.includes(unit.text) : unit.segment && separators === '/';
}

function nameOf(step: Step): string | undefined {
  return step.kind === 'char' ? step.text : step.kind === 'unknown' ? step.name : undefined;
}

function isWildcard(step: Step | undefined): boolean {
  return step?.kind === 'star' || step?.kind === 'globstar';
}

function isFinal({ steps }: Automaton, positions: readonly number[]): boolean {
  return positions.some((at) => steps[at] === undefined);
}

/** The characters that a pattern distinguishes, one that it does not, and the unknown texts. */
function unitsOf(automata: readonly Automaton[]): readonly Unit[] {
  const chars = new Set<string>();
  const unknown = new Map<string, Unit>();
  for (const { steps } of automata) {
    for (const step of steps) {
      if (step?.kind === 'char') chars.add(step.text);
      if (step?.kind === 'unknown') unknown.set(step.name, step);
    }
  }
  const filler = FILLERS.find((text) => !chars.has(text)) ?? OTHER;
  return [...new Set([filler, ...chars, '/', ':'])]
    .map((text): Unit => ({ kind: 'char', text }))
    .concat([...unknown.values()]);
}

const FILLERS = ['x', 'y', 'z', 'w', 'q', 'k', '0', '1', '2', '3'];

/** A letter of the private use area, which no pattern contains in practice. */
const OTHER = '\uE000';

function keyOf(state: ProductState): string {
  return state.map((set) => set.join(',')).join(';');
}
