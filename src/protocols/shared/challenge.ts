/**
 * A quoted-string of RFC 9110 §5.6.4 without escapes: clients of registries stop at a backslash, so what would
 * need one is left out.
 */
export function quotedString(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]|["\\]/g, '')}"`;
}
