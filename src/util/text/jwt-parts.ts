/** The header and claims of a JWT in compact form, with any prefix; empty for other tokens. Nothing is verified. */
export function jwtParts(token: string): { readonly header?: unknown; readonly claims?: unknown } {
  const [, header, payload] = /(eyJ[A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/.exec(token) ?? [];
  if (header === undefined || payload === undefined) return {};
  try {
    return { header: decode(header), claims: decode(payload) };
  } catch {
    return {};
  }
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}
