/** Values of `typ` of access tokens (RFC 9068 §2.1). */
const ACCESS_TOKEN_TYPES: ReadonlySet<unknown> = new Set(['at+jwt', 'application/at+jwt']);

/**
 * Creates a function that tells whether a JWT claims to be minted by the gateway, without verifying it. Other
 * issuers use the same `typ`, so `iss` decides. The result for a JOSE header is cached, because all tokens of
 * one key have the same header; `iss` is parsed only if the type matches.
 */
export function createIsGatewayToken(issuer: string): (token: string) => boolean {
  const headers = new Map<string, boolean>();

  return function isGatewayToken(token) {
    const first = token.indexOf('.');
    const header = token.slice(0, first);
    let isAccessToken = headers.get(header);
    if (isAccessToken === undefined) {
      isAccessToken = ACCESS_TOKEN_TYPES.has(member(header, 'typ'));
      if (headers.size >= 100) headers.clear();
      if (header.length <= 1024) headers.set(header, isAccessToken);
    }
    return isAccessToken && member(token.slice(first + 1, token.indexOf('.', first + 1)), 'iss') === issuer;
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
