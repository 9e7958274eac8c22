declare const canonical: unique symbol;

/**
 * The one form of a path: what policy reads is byte for byte what the upstream gets.
 * Starts with `/`; no dot segments, no empty segments, no encoded backslash, `#`, `?` or control;
 * characters that need no encoding are not encoded, escapes are uppercase and valid UTF-8. An encoded slash stands as the
 * client wrote it, and only where the service's protocol has a meaning for it (`encodedSlash`).
 */
export type CanonicalPath = string & { readonly [canonical]: true };

/** A header that is refused unless the service forwards it or sets it itself. */
export interface RefusableHeader {
  /** `acting`: ACTING_HEADERS, with the effect `refuse`. `impersonation`: IMPERSONATION_HEADERS. */
  readonly kind: 'acting' | 'impersonation';
  /** Loosely folded. */
  readonly folded: string;
  /** As the client spells it, cut to 64 characters. */
  readonly name: string;
}

/** The head of a request after the listener's checks. Nothing in it has been authenticated. */
export interface RequestHead {
  readonly method: string;
  /** Lowercase, with the port if the client wrote one. */
  readonly host: string;
  readonly path: CanonicalPath;
  /** `%2F` stands in the path: not every protocol knows what that is. */
  readonly encodedSlash?: boolean;
  /** With its `?`, or empty, as received: it may hold credentials, so never log it. */
  readonly query: string;
  /** It is a whole WebSocket handshake (RFC 6455 §4.2.1). */
  readonly webSocket?: boolean;
  /** In the order of the request; undefined for most requests. */
  readonly refusable?: readonly RefusableHeader[] | undefined;
  /** Whether the framing announces a body. */
  readonly hasBody: boolean;
  /** Name, value, name, value … exactly as received. */
  readonly rawHeaders: readonly string[];
}
