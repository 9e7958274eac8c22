import { jsonTextUpTo } from '../json/text.ts';

const LONGEST = 100;

/** Text that a client controls, for a `detail`: bounded, quoted, on one line. */
export function quoted(text: string): string {
  return jsonTextUpTo(LONGEST, text);
}
