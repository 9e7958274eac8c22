/** Order of the group of P-256 (FIPS 186-4 D.1.2.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The same JWS with the other valid ES256 signature of its key and content: (r, n−s). */
export function mirrored(token: string): string {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const s = BigInt(`0x${signature.toString('hex', 32)}`);
  signature.write((N - s).toString(16).padStart(64, '0'), 32, 'hex');
  return `${token.slice(0, end)}.${signature.toString('base64url')}`;
}
