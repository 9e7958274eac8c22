import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import type { BodyTransform } from './body-transform.ts';

type Decode = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** Content codings (RFC 9110 §8.4.1, RFC 8878). Some servers send `deflate` without the zlib header. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', (body, options) => (isZlib(body) ? inflateSync(body, options) : inflateRawSync(body, options))],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

/** RFC 1950 §2.2: compression method 8, and a header that is a multiple of 31. */
function isZlib(body: Buffer): boolean {
  return body.length >= 2 && ((body[0] ?? 0) & 15) === 8 && body.readUInt16BE(0) % 31 === 0;
}

/**
 * Bytes, encoded and decoded, of a body whose rewrite has no limit. Registration pages of NuGet feeds have at most 64
 * versions, a few hundred KiB.
 */
const MAX_DECODED = 8 * 1024 ** 2;

/**
 * Decodes a body before `inner` rewrites it: some servers compress although the request accepts `identity` only
 * (`registration5-gz-*` of NuGet feeds). The client receives the rewritten body without encoding. `maxBytes`: the limit
 * of the rewrite, undefined without one. Several codings are not supported.
 */
export function decodeBefore(
  coding: string,
  inner: BodyTransform,
  maxBytes: number = MAX_DECODED,
): BodyTransform | InvalidResponse {
  const decode = DECODERS.get(coding);
  if (decode === undefined)
    return invalidResponse(
      `a body with Content-Encoding ${coding.slice(0, 40)}, although the request accepts identity only`,
    );
  return new ContentDecoder(decode, inner, maxBytes);
}

/** Buffers the encoded body, so that the client gets the whole decoded body or an error. */
class ContentDecoder implements BodyTransform {
  readonly #decode: Decode;
  readonly #inner: BodyTransform;
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(decode: Decode, inner: BodyTransform, maxBytes: number) {
    this.#decode = decode;
    this.#inner = inner;
    this.#maxBytes = maxBytes;
  }

  push(view: Buffer): InvalidResponse | undefined {
    this.#size += view.length;
    if (this.#size > this.#maxBytes)
      return invalidResponse(`the encoded body to rewrite has more than ${this.#maxBytes} bytes`);
    this.#chunks.push(Buffer.from(view));
    return undefined;
  }

  end(): Buffer | InvalidResponse {
    const decoded = this.#decoded(Buffer.concat(this.#chunks));
    this.#chunks = [];
    if ('kind' in decoded) return decoded;
    const start = this.#inner.push(decoded);
    if (start !== undefined && 'kind' in start) return start;
    const rest = this.#inner.end();
    return start === undefined || 'kind' in rest ? rest : Buffer.concat([start, rest]);
  }

  #decoded(body: Buffer): Buffer | InvalidResponse {
    try {
      return this.#decode(body, { maxOutputLength: this.#maxBytes });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      return invalidResponse(
        code === 'ERR_BUFFER_TOO_LARGE'
          ? `the decoded body to rewrite has more than ${this.#maxBytes} bytes`
          : `the body to rewrite cannot be decoded (${code})`,
      );
    }
  }
}
