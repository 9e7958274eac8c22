declare const canonical: unique symbol;

/**
 * A path in canonical form. Policy evaluates exactly the bytes that the upstream receives. The path starts
 * with `/` and has no dot segments, empty segments, encoded backslashes, `#`, `?` or control characters.
 * Characters that need no encoding are not percent-encoded; escapes are uppercase and valid UTF-8. An encoded
 * slash and a literal `;` are kept as sent, and accepted only if the service supports them (`encodedSlash`,
 * `pathParameters`).
 */
export type CanonicalPath = string & { readonly [canonical]: true };

/** A header that is refused unless the service's configuration forwards it or sets it. */
export interface RefusableHeader {
  /**
   * `acting`: one of ACTING_HEADERS with the effect `refuse`. `impersonation`: one of IMPERSONATION_HEADERS.
   */
  readonly kind: 'acting' | 'impersonation';
  /** The folded name, which treats names as equal that servers confuse. */
  readonly folded: string;
  /** The name as sent, truncated to 64 characters. */
  readonly name: string;
}

/** A request head that passed the listener's checks. None of its content is authenticated. */
export interface RequestHead {
  readonly method: string;
  /** Lowercase, with the port if the client sent one. */
  readonly host: string;
  readonly path: CanonicalPath;
  /** True if the path contains `%2F`, which most protocols refuse. */
  readonly encodedSlash?: boolean;
  /** True if one literal segment `./` was removed from the path, which most protocols refuse. */
  readonly dotSegment?: boolean;
  /** True if the path contains `;`, which servers read as part of the name or as the start of parameters. */
  readonly pathParameters?: boolean;
  /** The query as received, with its `?`, or empty. It can contain credentials: never log it. */
  readonly query: string;
  /** True for a complete WebSocket handshake (RFC 6455 §4.2.1). */
  readonly webSocket?: boolean;
  /** True if the request offers a switch to SPDY, as `kubectl exec` does. */
  readonly spdy?: boolean;
  /** Refusable headers in the order of the request; undefined if there are none. */
  readonly refusable?: readonly RefusableHeader[] | undefined;
  /** Whether the framing headers announce a body (RFC 9112 §6). */
  readonly hasBody: boolean;
  /** Alternating names and values, exactly as received. */
  readonly rawHeaders: readonly string[];
}
