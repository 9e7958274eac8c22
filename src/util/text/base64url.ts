/**
 * Bytes of canonical base64url without padding (RFC 4648 §5 and §3.5), or undefined.
 * Decoders ignore invalid characters and unused bits, so several texts decode to the same bytes; only the canonical
 * text is accepted.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
