import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestControl } from '../transport/upstream-request.ts';

/** Bytes; from this length on, copying a body costs more than writing it past the ServerResponse. */
const MIN_LENGTH = 64 * 1024;

/**
 * The socket to which the body can be written directly: the response has its turn on the connection (it is not queued
 * behind a pipelined one). TLS encrypts the bytes before the write is complete.
 */
export function directSocket(res: ServerResponse, contentLength: number | undefined): Socket | undefined {
  const { socket } = res;
  if (socket === null || contentLength === undefined || contentLength < MIN_LENGTH) return undefined;
  return res.chunkedEncoding ? undefined : socket;
}

/**
 * Writes a body of known length from the read buffer of the upstream's connection to the client's socket, without a
 * copy. While a write is in flight the upstream is not read, so that the kernel has the bytes before the buffer is reused.
 */
export class DirectBody {
  readonly #socket: Socket;
  #control: RequestControl | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The client has not taken all bytes. */
  get waiting(): boolean {
    return this.#control !== undefined;
  }

  /** False while a write is in flight: the upstream is paused. */
  write(view: Buffer, control: RequestControl): boolean {
    const socket = this.#socket;
    socket.write(view, this.#written);
    if (socket.writableLength === 0) return true;
    control.pause();
    this.#control = control;
    return false;
  }

  /** Called for each write, also for those that were not waited for. */
  readonly #written = (error?: Error | null): void => {
    const control = this.#control;
    // After an error the client's connection closes, which aborts the request.
    if (control === undefined || (error ?? null) !== null || this.#socket.writableLength > 0) return;
    this.#control = undefined;
    control.resume();
  };
}
