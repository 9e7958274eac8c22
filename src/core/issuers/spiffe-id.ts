/** The trust domain of a SPIFFE ID, which signs its SVIDs. */
export interface SpiffeId {
  /** `spiffe://TRUST-DOMAIN` */
  readonly trustDomain: string;
}

const MAX_LENGTH = 2048;

const ID = /^(spiffe:\/\/[a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;

/** Parses the SPIFFE ID of a workload (SPIFFE-ID §2): it has a path, without empty or relative segments. */
export function parseSpiffeId(text: unknown): SpiffeId | undefined {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return undefined;
  const [, trustDomain, path = ''] = ID.exec(text) ?? [];
  if (trustDomain === undefined || /\/\.{1,2}(?:\/|$)/.test(path)) return undefined;
  return { trustDomain };
}
