import type { Socket } from 'node:net';
import type { UpstreamRequest } from '../upstream-request.ts';
import { BodyWriter, type BodyWriterEvents } from './body-writer.ts';
import type { BatchedWriter, WriteBatch } from './write-batch.ts';

/** Writes the requests of one connection, one after the other. */
export class RequestWriter implements BatchedWriter {
  readonly #socket: Socket;
  readonly #batch: WriteBatch;
  readonly #events: BodyWriterEvents;
  /** The head of a request without a body, until it is written. */
  #head: string | undefined;
  #body: BodyWriter | undefined;

  constructor(socket: Socket, batch: WriteBatch, events: BodyWriterEvents) {
    this.#socket = socket;
    this.#batch = batch;
    this.#events = events;
  }

  /** Whether no byte of the request was written. */
  get unsent(): boolean {
    return this.#head !== undefined || this.#body?.started === false;
  }

  /** Whether the socket has the request, or the first part of its body. */
  get written(): boolean {
    if (this.unsent) return false;
    // TLS reports a write later than the kernel has it.
    return this.#body !== undefined || 'encrypted' in this.#socket || this.#socket.writableLength === 0;
  }

  /** Whether the request body has not ended. */
  get open(): boolean {
    return this.#body?.open === true;
  }

  start(head: string, request: UpstreamRequest): void {
    if (request.body === undefined) {
      this.#head = head;
      this.#batch.add(this);
      return;
    }
    this.#body = new BodyWriter(this.#socket, head, request.body, request, this.#events);
    this.#body.start();
  }

  writeNow(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#socket.write(head, 'latin1');
  }

  /** Keeps the request body for another connection; only before its first chunk. */
  detach(): void {
    this.#body?.detach();
  }

  /** The request is complete. */
  release(): void {
    this.#body = undefined;
  }

  stop(): void {
    this.#head = undefined;
    this.#body?.stop();
  }
}
