import { readChunks } from '../http-text.ts';

export interface RecordedRequest {
  /** Request line and header lines as received, without the empty line. */
  readonly head: string;
  /** Without the framing of chunks, which depends on how packets were cut. */
  readonly body: string;
}

/** The first whole request of a buffer, by Content-Length or chunks; undefined while it is not complete. */
export function takeRequest(buffer: string): { request: RecordedRequest; rest: string } | undefined {
  const end = buffer.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = buffer.slice(0, end);
  const after = buffer.slice(end + 4);
  if (/^transfer-encoding: *chunked$/im.test(head)) {
    const chunks = readChunks(after);
    return chunks.complete ? { request: { head, body: chunks.body }, rest: chunks.rest } : undefined;
  }
  const length = Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0);
  if (after.length < length) return undefined;
  return { request: { head, body: after.slice(0, length) }, rest: after.slice(length) };
}
