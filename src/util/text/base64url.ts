/**
 * Bytes of canonical base64url without padding (RFC 4648 §5 and §3.5), or undefined.
 * Decoders skip foreign characters and spare bits, so one text would have many spellings; only the one
 * that encodes back to itself is read.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
