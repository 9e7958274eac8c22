/** An upstream response that cannot be relayed; the client gets `upstream_invalid`. */
export interface InvalidResponse {
  readonly kind: 'invalid';
  /** For the audit event. */
  readonly detail: string;
}

export function invalidResponse(detail: string): InvalidResponse {
  return { kind: 'invalid', detail };
}
