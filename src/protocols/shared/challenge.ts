/**
 * A quoted-string (RFC 9110 §5.6.4) without escapes: registry clients stop parsing at a backslash, so
 * characters that need one are omitted.
 */
export function quotedString(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]|["\\]/g, '')}"`;
}
