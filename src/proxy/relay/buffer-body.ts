import type { IncomingMessage } from 'node:http';
import { deny, unable, type Refusal } from '../../core/decision.ts';
import type { BufferBody, BufferedBody } from '../../core/request/buffered-body.ts';
import { networkOf } from '../../util/http/client-network.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { HeldUnits } from '../../util/limits/held-units.ts';
import type { Transfer, StallWatch } from './stall-watch.ts';

export interface BodyBufferSettings {
  /** Of the service; `Infinity` where it has no limit. */
  readonly maxBody: number;
  /** Most bodies that are being read at a time: each is held in memory. */
  readonly most: number;
}

/** Reads what has to be known of a body before anything is forwarded. A client that waits for `100 Continue` is told to go on only here. */
export function createBodyBuffer({ maxBody, most }: BodyBufferSettings, stalls: StallWatch): BufferBody {
  let reading = 0;
  // A request without a verified credential can hold a place for as long as a body may stall. All of them get half of the places,
  // and one address at most half of those that are free: so another address finds one.
  const anonymousPlaces = Math.max(1, Math.floor(most / 2));
  const byAddress = new HeldUnits();
  let anonymous = 0;

  return async function bufferBody({ incoming, head }, { part, maxBytes, beforeAuthentication = false }) {
    if (!head.hasBody) return { bytes: Buffer.alloc(0), whole: true };
    const limit = part === 'whole' ? Math.min(maxBytes, maxBody) : maxBody;
    const announced = Number(findHeader(head.rawHeaders, 'content-length') ?? 0);
    if (announced > limit) return deny('body_too_large', `Content-Length ${announced}`);
    const network = beforeAuthentication ? networkOf(incoming.client.address) : undefined;
    if (reading >= most || (network !== undefined && byAddress.of(network) >= anonymousPlaces - anonymous))
      return unable('overloaded', `${reading} bodies are being read`, 1);
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

/** Up to the chunk that goes beyond `maxBytes`. */
function read(req: IncomingMessage, maxBytes: number, stalls: StallWatch): Promise<BufferedBody | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const transfer: Transfer = {
      // Not what has moved counts, but the whole: small as it is, it has one idle time.
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
      done(deny('request_malformed', 'the client left before its body was complete'));
    }

    stalls.watch(transfer);
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', ignore);
  });
}

function ignore(): void {
  // `close` follows and says it all.
}
