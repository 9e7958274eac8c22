import { jsonTextUpTo } from '../json/text.ts';

const MAX_LENGTH = 100;

/** Quotes client input for a `detail`: bounded in length, on one line. */
export function quoted(text: string): string {
  return jsonTextUpTo(MAX_LENGTH, text);
}
