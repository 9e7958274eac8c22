import type { IncomingMessage } from 'node:http';

/** A request body, or the reason why it was not read completely. The rest of such a body is unread. */
export type LimitedBody =
  | { readonly kind: 'body'; readonly bytes: Buffer<ArrayBuffer> }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'late' }
  /** The client closed the connection, or the framing is invalid. */
  | { readonly kind: 'incomplete' };

export interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds for the whole body. */
  readonly deadline: number;
}

/**
 * Reads a short body with Content-Length or chunked framing (RFC 9112 §6); trailer fields are ignored. Hono's
 * `bodyLimit` builds another Request for a chunked body, which fails with the Request of its Node adapter.
 * `beforeReading` is called unless Content-Length exceeds the limit.
 */
export function readLimitedBody(
  req: IncomingMessage,
  { maxBytes, deadline }: BodyLimits,
  beforeReading?: () => void,
): Promise<LimitedBody> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve({ kind: 'too-large' });
  // Without a body, the request has ended before the first listener (`optimizeEmptyRequests`).
  if (req.readableEnded) return Promise.resolve({ kind: 'body', bytes: Buffer.alloc(0) });
  // The client left before the first listener, which `close` would not reach.
  if (req.destroyed) return Promise.resolve({ kind: 'incomplete' });
  beforeReading?.();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => done({ kind: 'late' }), deadline);

    function done(result: LimitedBody): void {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('close', onClose).pause();
      resolve(result);
    }
    function onData(chunk: Buffer): void {
      size += chunk.length;
      if (size > maxBytes) done({ kind: 'too-large' });
      else chunks.push(chunk);
    }
    function onEnd(): void {
      done({ kind: 'body', bytes: Buffer.concat(chunks, size) });
    }
    function onClose(): void {
      done({ kind: 'incomplete' });
    }

    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', ignore);
  });
}

function ignore(): void {
  // `close` follows and is handled.
}
