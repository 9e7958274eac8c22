/** RFC 9068 §2.1: what an access token says that it is. */
const ACCESS_TOKEN_TYPES: ReadonlySet<unknown> = new Set(['at+jwt', 'application/at+jwt']);

/**
 * Whether a JWT says that the gateway itself minted it; nothing of it is verified. Other issuers make tokens of this
 * type too, so `iss` decides, but it is only read where the type fits: what a header says is remembered, because
 * all tokens of one key share it.
 */
export function createIsGatewayToken(issuer: string): (token: string) => boolean {
  const headers = new Map<string, boolean>();

  return function isGatewayToken(token) {
    const first = token.indexOf('.');
    const header = token.slice(0, first);
    let fits = headers.get(header);
    if (fits === undefined) {
      fits = ACCESS_TOKEN_TYPES.has(member(header, 'typ'));
      if (headers.size >= 100) headers.clear();
      if (header.length <= 1024) headers.set(header, fits);
    }
    return fits && member(token.slice(first + 1, token.indexOf('.', first + 1)), 'iss') === issuer;
  };
}

function member(part: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
