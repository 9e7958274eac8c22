/** Why the keys of an issuer were not fetched. The log reports `kind` as `code`. */
export interface KeySetFailure {
  /** `outbound_failed`: no document. `key_set_invalid`: a document or a file without usable content. */
  readonly kind: 'outbound_failed' | 'key_set_invalid';
  readonly detail: string;
}

export function invalidKeySet(detail: string): KeySetFailure {
  return { kind: 'key_set_invalid', detail };
}
