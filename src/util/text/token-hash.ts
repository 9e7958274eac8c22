import { hash } from 'node:crypto';
import { remember } from './remember.ts';

/** SHA-256 of a token, lowercase hex. */
export interface TokenHashes {
  /**
   * Identifies the token. Of a JWT it covers `header.payload`, because the rest is not unique: ES256 has two
   * valid signatures of the same content, and lenient decoders ignore spare bits and empty parts at the end.
   */
  readonly tokenHash: string;
  /** Of the token as sent, where `tokenHash` differs from it. */
  readonly sentHash: string | undefined;
}

/** `sentHash`: SHA-256 of the token as sent, which callers already have as a cache key. */
export function tokenHashes(token: string, sentHash: string = hash('sha256', token)): TokenHashes {
  const content = signedPart(token);
  return content === undefined
    ? { tokenHash: sentHash, sentHash: undefined }
    : { tokenHash: hash('sha256', content), sentHash };
}

/** The input of a JWT's signature (RFC 7515 §5.1), without a prefix such as GitLab's `glcbt-`. */
function signedPart(token: string): string | undefined {
  const start = token.startsWith('eyJ') ? 0 : token.indexOf('-eyJ') + 1;
  if (start === 0 && !token.startsWith('eyJ')) return undefined;
  const first = token.indexOf('.', start);
  const second = first === -1 ? -1 : token.indexOf('.', first + 1);
  if (second <= first + 1 || !isJsonObject(token.slice(start, first))) return undefined;
  return token.slice(start, second);
}

/** Separates a JWT from an opaque token that contains dots. The tokens of one key have the same header. */
const isJsonObject = remember((part) => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
});
