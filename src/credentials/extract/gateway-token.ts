import { remember } from '../../util/text/remember.ts';

/** Values of `typ` of access tokens (RFC 9068 §2.1). */
const ACCESS_TOKEN_TYPES: ReadonlySet<unknown> = new Set(['at+jwt', 'application/at+jwt']);

/**
 * Creates a function that tells whether a JWT claims to be minted by the gateway, without verifying it. Other
 * issuers use the same `typ`, so `iss` decides. The result for a JOSE header is cached, because all tokens of
 * one key have the same header; `iss` is parsed only if the type matches.
 */
export function createIsGatewayToken(issuer: string): (token: string) => boolean {
  const isAccessToken = remember((header) => ACCESS_TOKEN_TYPES.has(member(header, 'typ')));

  return function isGatewayToken(token) {
    const first = token.indexOf('.');
    return (
      isAccessToken(token.slice(0, first)) &&
      member(token.slice(first + 1, token.indexOf('.', first + 1)), 'iss') === issuer
    );
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
