import { compileGlob } from './glob.ts';
import { findText, isContained, plainLanguage } from './glob-language.ts';
import { examplesOf } from './glob-overlap.ts';

/** Conditions on one value, which must all hold. Without a condition the value may be missing or a list. */
export interface TextConstraint {
  /** The only accepted texts. Without `isText`, the value may also be missing. */
  readonly values: readonly string[] | undefined;
  readonly notIn: readonly string[];
  /** The text matches one pattern of each list; `*` stops at `/` and `:`. */
  readonly globs: readonly (readonly string[])[];
  /** The value is a list with these members. */
  readonly contains: readonly string[];
  /** The value is a text. */
  readonly isText: boolean;
}

export const UNCONSTRAINED: TextConstraint = {
  values: undefined,
  notIn: [],
  globs: [],
  contains: [],
  isText: false,
};

/** Both constraints. */
export function bothOf(a: TextConstraint, b: TextConstraint): TextConstraint {
  const values =
    a.values === undefined ? b.values : a.values.filter((value) => b.values?.includes(value) ?? true);
  const both: TextConstraint = {
    values,
    notIn: [...new Set([...a.notIn, ...b.notIn])],
    globs: [...a.globs, ...b.globs],
    contains: [...new Set([...a.contains, ...b.contains])],
    isText: a.isText || b.isText,
  };
  return values === undefined
    ? both
    : { ...both, values: values.filter((value) => acceptsText({ ...both, values: undefined }, value)) };
}

/** Whether a text satisfies the constraint. */
export function acceptsText({ values, notIn, globs, contains }: TextConstraint, text: string): boolean {
  return (
    contains.length === 0 &&
    text !== '' &&
    (values?.includes(text) ?? true) &&
    !notIn.includes(text) &&
    globs.every((patterns) => matchesOne(patterns, text))
  );
}

/** Whether no value satisfies the constraint; false where that is undecided. */
export function isImpossible({ values, globs, contains, isText }: TextConstraint): boolean {
  if (isText && contains.length > 0) return true;
  if (values !== undefined) return values.length === 0;
  return globs.length > 1 && findText(globs.map(plainLanguage)).kind === 'none';
}

/** Whether every value that satisfies `narrow` satisfies `wide`; false where that is undecided. */
export function isNarrower(narrow: TextConstraint, wide: TextConstraint): boolean {
  if (isImpossible(narrow)) return true;
  if (!wide.contains.every((member) => narrow.contains.includes(member))) return false;
  if (!wide.isText && wide.values === undefined && wide.notIn.length === 0) return true;
  if (wide.isText && !narrow.isText) return false;
  const { values, notIn, globs } = narrow;
  if (values !== undefined) return values.every((value) => acceptsText(wide, value));
  if (wide.values !== undefined) return false;
  return (
    wide.notIn.every(
      (value) => notIn.includes(value) || !globs.every((patterns) => matchesOne(patterns, value)),
    ) &&
    wide.globs.every((patterns) => patterns.includes('**') || globs.some((each) => isWithin(each, patterns)))
  );
}

/** Texts that satisfy the constraint, the most readable first; empty where they are hard to find. */
export function textsOf(constraint: TextConstraint): readonly string[] {
  const { values, globs } = constraint;
  if (values !== undefined) return values;
  const common = globs.length > 1 ? findText(globs.map(plainLanguage)) : undefined;
  const candidates = [
    ...globs.flatMap((patterns) => patterns.flatMap(examplesOf)),
    ...(common?.kind === 'found' ? [common.text] : []),
    ...(globs.length === 0 ? ['other', 'another', 'x1', 'x2', 'x3'] : []),
  ];
  return [...new Set(candidates)].filter((text) => acceptsText(constraint, text));
}

function isWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return (
    inner.every((pattern) => outer.includes(pattern)) ||
    isContained(plainLanguage(inner), [plainLanguage(outer)])
  );
}

function matchesOne(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => compileGlob(pattern, { separators: '/:', matchBase: false }).test(text));
}
