/** Characters that JSON.stringify escapes, and others that some readers misinterpret. */
const NOT_PLAIN = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

/**
 * Legal inside a JSON string, but a log viewer may show them as a second line, a colour or reversed text:
 * DEL and C1 (U+0085 is a line end, U+009B starts an ANSI sequence), line and paragraph separators
 * (line ends to JavaScript and Python), zero-width and bidirectional controls (Unicode TR 36 §3), BOM.
 */
const UNSAFE_IN_LOGS =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text as a JSON string that is one line in every reader. Lone surrogates are escaped. */
export function jsonText(text: string): string {
  if (!NOT_PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(UNSAFE_IN_LOGS, escapeUnit);
}

/** The same for at most `limit` UTF-16 units of the text; `…` marks a truncated text. */
export function jsonTextUpTo(limit: number, text: string): string {
  return jsonText(text.length <= limit ? text : `${text.slice(0, limit)}…`);
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Any JSON value as JSON text on one line. */
export function jsonValueText(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').replace(UNSAFE_IN_LOGS, escapeUnit);
}
