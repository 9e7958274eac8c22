import type { IncomingMessage } from 'node:http';
import { deny, unable, type Refusal } from '../../core/decision.ts';
import type { BufferBody, BufferedBody } from '../../core/request/buffered-body.ts';
import { networkOf } from '../../util/http/client-network.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { HeldUnits } from '../../util/limits/held-units.ts';
import type { Transfer, StallWatch } from './stall-watch.ts';

export interface BodyBufferSettings {
  /** Bytes; the limit of the service, `Infinity` without one. */
  readonly maxBody: number;
  /** Bodies buffered at the same time; each is held in memory. */
  readonly maxConcurrent: number;
}

/** Buffers the part of a body that policy needs before the request is forwarded, and sends `100 Continue` first. */
export function createBodyBuffer(
  { maxBody, maxConcurrent }: BodyBufferSettings,
  stalls: StallWatch,
): BufferBody {
  let reading = 0;
  // Unauthenticated requests share half of the places, and one client network gets at most half of the free ones: a body
  // that stalls holds its place for the whole idle time, and other networks must still find one.
  const anonymousPlaces = Math.max(1, Math.floor(maxConcurrent / 2));
  const byAddress = new HeldUnits();
  let anonymous = 0;

  return async function bufferBody({ incoming, head }, { part, maxBytes, beforeAuthentication = false }) {
    if (!head.hasBody) return { bytes: Buffer.alloc(0), whole: true };
    const limit = part === 'whole' ? Math.min(maxBytes, maxBody) : maxBody;
    const declared = Number(findHeader(head.rawHeaders, 'content-length') ?? 0);
    if (declared > limit) return deny('body_too_large', `Content-Length ${declared}`);
    const network = beforeAuthentication ? networkOf(incoming.client.address) : undefined;
    if (
      reading >= maxConcurrent ||
      (network !== undefined && byAddress.of(network) >= anonymousPlaces - anonymous)
    )
      return unable('overloaded', `${reading} bodies are being buffered`, 1);
    reading += 1;
    if (network !== undefined) {
      byAddress.add(network);
      anonymous += 1;
    }
    try {
      if (incoming.expectsContinue) incoming.res.writeContinue();
      const buffered = await read(incoming.req, maxBytes, stalls);
      if ('kind' in buffered || buffered.bytes.length <= limit) return buffered;
      return deny('body_too_large', `more than ${limit} bytes`);
    } finally {
      reading -= 1;
      if (network !== undefined) {
        byAddress.remove(network);
        anonymous -= 1;
      }
    }
  };
}

/** Stops after the chunk that exceeds `maxBytes`. */
function read(req: IncomingMessage, maxBytes: number, stalls: StallWatch): Promise<BufferedBody | Refusal> {
  // Without a body, the request has ended before the first listener (`optimizeEmptyRequests`).
  if (req.readableEnded) return Promise.resolve({ bytes: Buffer.alloc(0), whole: true });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const transfer: Transfer = {
      // The whole body has one idle time, however it progresses.
      moved: () => 0,
      waiting: () => true,
      stalled: () => done(deny('body_timeout', 'the request body')),
    };

    function done(result: BufferedBody | Refusal): void {
      req.off('data', onData).off('end', onEnd).off('close', onClose).pause();
      stalls.forget(transfer);
      resolve(result);
    }
    function onData(chunk: Buffer): void {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) done({ bytes: Buffer.concat(chunks, size), whole: false });
    }
    function onEnd(): void {
      done({ bytes: Buffer.concat(chunks, size), whole: true });
    }
    function onClose(): void {
      done(deny('request_malformed', 'the client closed the connection before the body was complete'));
    }

    stalls.watch(transfer);
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', ignore);
  });
}

function ignore(): void {
  // `close` follows and is handled.
}
