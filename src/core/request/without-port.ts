/** The host of an authority (RFC 3986 §3.2), without its port. */
export function withoutPort(authority: string): string {
  return authority.replace(/:\d+$/, '');
}
