const LIMIT = 1_000;

/** Text from a file on one line that is safe to print: control, line end and invisible characters are escaped. */
export function printable(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escape);
  return safe.length > LIMIT ? `${safe.slice(0, LIMIT)}…` : safe;
}

function escape(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
