import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Incoming, ReadRequest, Upgrade } from '../core/request/incoming.ts';
import { LiveMap } from '../util/resources/live-map.ts';
import { asPlainRequest, readHead } from './read-head.ts';

/** The values of the listener that a reload or a drain changes. */
export interface ListenerState {
  readonly headerCount: () => number;
  /** Reads the head of a request. */
  readonly read: (req: IncomingMessage) => ReadRequest;
  /** Whether connections can switch protocols. */
  readonly switchesProtocols: boolean;
  readonly isDraining: () => boolean;
  /** Requests in flight up to which connections may have pipelined ones. */
  readonly maxPipelined: () => number;
}

/** Closes a connection that exceeds `maxPipelined`. */
export type RefusePipelined = (socket: Socket) => void;

/** Passes the requests of the server to `handle`. */
export class RequestEvents {
  /** The newest response of each connection, until it is over. */
  readonly responses = new LiveMap<Socket, ServerResponse>();
  readonly #release = releaseFrom(this.responses, () => (this.#inFlight -= 1));
  readonly #state: ListenerState;
  readonly #handle: (incoming: Incoming) => void;
  readonly #refusePipelined: RefusePipelined;
  #inFlight = 0;
  /** The newest request that offered to switch protocols. */
  #upgrading: IncomingMessage | undefined;

  constructor(state: ListenerState, handle: (incoming: Incoming) => void, refusePipelined: RefusePipelined) {
    this.#state = state;
    this.#handle = handle;
    this.#refusePipelined = refusePipelined;
  }

  register(server: Server): void {
    server.on('request', (req, res) => this.accept(req, res, false));
    server.on('checkContinue', (req, res) => this.accept(req, res, true));
    server.on('checkExpectation', (req, res) => this.accept(req, res, false));
  }

  acceptsUpgrade(req: IncomingMessage): boolean {
    if (!this.#state.switchesProtocols) return false;
    this.#upgrading = req;
    const previous = this.responses.get(req.socket);
    // While an earlier response is incomplete, or if it closes the connection, the connection cannot switch.
    if (previous !== undefined && (!previous.writableFinished || !previous.shouldKeepAlive)) return false;
    const head = readHead(req, this.#state.headerCount());
    return !('kind' in head) && head.webSocket === true;
  }

  accept(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean, upgrade?: Upgrade): void {
    const previous = this.responses.get(req.socket);
    // After a response that closes the connection, further bytes are not a request (threats S7).
    if (previous?.shouldKeepAlive === false || req.socket.destroyed) return;
    const isPipelined = previous?.writableFinished === false;
    if (isPipelined && this.#inFlight >= this.#state.maxPipelined()) return this.#refusePipelined(req.socket);
    this.#inFlight += 1;
    // Node discards bytes after a declined upgrade in the same packet and parses the bytes of the next packet, so
    // packet boundaries would determine the start of the next request.
    if (req === this.#upgrading || this.#state.isDraining()) res.shouldKeepAlive = false;
    this.responses.set(req.socket, res);
    res.on('close', this.#release);
    const { original, subrequest, head, client } = this.#state.read(req);
    const isPlain = subrequest === undefined && upgrade === undefined;
    this.#handle({
      req,
      res,
      original,
      subrequest,
      head: isPlain ? asPlainRequest(head) : head,
      client,
      requestId: randomUUID(),
      upgrade,
      expectsContinue,
    });
  }
}

/**
 * Releases a response that was sent and leaves its connection open. With its request and their listeners, it takes more
 * memory than the rest of an idle connection. The result is one listener for all responses.
 */
function releaseFrom(
  responses: LiveMap<Socket, ServerResponse>,
  ended: () => void,
): (this: ServerResponse) => void {
  return function released() {
    ended();
    const { socket } = this.req;
    const isOver = this.writableFinished && this.shouldKeepAlive && this.req.complete;
    if (isOver && responses.get(socket) === this) responses.delete(socket);
  };
}
