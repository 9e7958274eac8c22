import { closest } from '../../util/text/closest.ts';

/** `; did you mean "X"?`, or the list of valid names. */
export function hint(text: string, candidates: readonly string[], all = candidates): string {
  const name = closest(text, candidates);
  if (name !== undefined) return `; did you mean "${name}"?`;
  if (all.length === 0) return '; there are none';
  return `; known: ${all.slice(0, SHOWN).join(', ')}${all.length > SHOWN ? `, and ${all.length - SHOWN} more` : ''}`;
}

const SHOWN = 16;
