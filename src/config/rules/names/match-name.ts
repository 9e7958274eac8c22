import { globAlternatives, globTokens, type PatternToken } from '../../../util/text/glob.ts';
import type { NameForm } from './name-forms.ts';

const results = new Map<NameForm, Map<string, boolean>>();

/** Bounds the memory of a process that loads many configurations. */
const MAX_RESULTS = 10_000;

/** Whether the pattern matches a name of this form. A claim counts as any text, so that no match is missed. */
export function canMatchName(form: NameForm, pattern: string): boolean {
  const known = results.get(form) ?? new Map<string, boolean>();
  if (known.size >= MAX_RESULTS) known.clear();
  results.set(form, known);
  const made = known.get(pattern) ?? hasCommonText(form, pattern);
  known.set(pattern, made);
  return made;
}

/** A name of which some characters are read. */
interface Prefix {
  readonly segment: number;
  readonly isScoped: boolean;
  readonly hasDot: boolean;
  /** `open`: the segment cannot end here. */
  readonly at: 'start' | 'open' | 'end';
}

const START: Prefix = { segment: 0, isScoped: false, hasDot: false, at: 'start' };

/** Reachability in the product of the pattern and the form. */
function hasCommonText(form: NameForm, pattern: string): boolean {
  if (form.refused?.test(pattern) === true) return false;
  const step = stepper(form);
  // Most patterns match a name in which each wildcard is a letter.
  const usual = pattern.replaceAll(/\{claims\.[^{}]*\}|\*+/g, 'a');
  let read: Prefix | undefined = START;
  for (const char of usual) if (read !== undefined) read = step(read, char);
  if (read !== undefined && isName(form, read)) return true;
  return globAlternatives(tokensOf(pattern)).some((tokens) => {
    const steps = tokens.flatMap((token) => (token.kind === 'literal' ? token.text.split('') : [token.kind]));
    const seen = new Set<string>();
    const pending: { readonly position: number; readonly prefix: Prefix }[] = [];
    const visit = (position: number, prefix: Prefix | undefined): void => {
      if (prefix === undefined) return;
      const key = `${position} ${prefix.segment} ${prefix.isScoped} ${prefix.hasDot} ${prefix.at}`;
      if (!seen.has(key)) pending.push({ position, prefix });
      seen.add(key);
    };
    visit(0, START);
    for (const { position, prefix } of pending) {
      const current = steps[position];
      if (current === undefined) {
        if (isName(form, prefix)) return true;
      } else if (current.length === 1) visit(position + 1, step(prefix, current));
      else {
        visit(position + 1, prefix);
        for (const char of current === 'star' ? WITHIN : [...WITHIN, '/'])
          visit(position, step(prefix, char));
      }
    }
    return false;
  });
}

/** One character for each transition of a name; a letter can be anywhere. */
const WITHIN = ['a', '.', '@'];

function tokensOf(pattern: string): PatternToken[] {
  return pattern
    .split(/(\{claims\.[^{}]*\})/)
    .flatMap((text): PatternToken[] => (text.startsWith('{') ? [{ kind: 'globstar' }] : globTokens(text)));
}

type Step = (prefix: Prefix, char: string) => Prefix | undefined;

const steppers = new Map<NameForm, Step>();

function stepper(form: NameForm): Step {
  const made = steppers.get(form) ?? createStep(form);
  steppers.set(form, made);
  return made;
}

function createStep({ characters, first, last, segments }: NameForm): Step {
  const [isCharacter, isFirst, isLast] = [characters, first, last].map(
    (each) => new RegExp(`^[${each}]$`, 'u'),
  );
  return (prefix, char) => {
    const { segment, isScoped, at } = prefix;
    const isDomain = segments === 'domain' && segment === 0;
    if (char === '/') {
      const isAllowed = segments === 'scoped' ? isScoped && segment === 0 : segments !== 'one';
      if (at !== 'end' || !isAllowed || (isDomain && !prefix.hasDot)) return undefined;
      return { ...prefix, segment: 1, at: 'start' };
    }
    if (segments === 'scoped' && char === '@')
      return at === 'start' && segment === 0 && !isScoped ? { ...prefix, isScoped: true } : undefined;
    if ((at === 'start' ? isFirst : isCharacter)?.test(char) !== true) return undefined;
    // A domain is in lowercase, and has other characters than the segments after it.
    if (isDomain && (/[A-Z_~]/.test(char) || (at === 'start' && char === '-'))) return undefined;
    const ends = isLast?.test(char) === true;
    return { ...prefix, hasDot: prefix.hasDot || (isDomain && char === '.'), at: ends ? 'end' : 'open' };
  };
}

function isName({ segments }: NameForm, { at, isScoped, segment, hasDot }: Prefix): boolean {
  if (at !== 'end') return false;
  return segments === 'scoped'
    ? !isScoped || segment === 1
    : segments !== 'domain' || segment === 1 || hasDot;
}
