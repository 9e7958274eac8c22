import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Upgrade } from '../core/request/incoming.ts';
import { LiveMap } from '../util/resources/live-map.ts';
import { createDetachedResponse } from './connections.ts';
import type { RequestEvents } from './request-events.ts';

/** Connections that Node has detached from the server after `CONNECT` or an accepted upgrade. */
export class DetachedConnections {
  /** With the upgrade, if the connection has one. */
  readonly #sockets = new LiveMap<Socket, Upgrade | undefined>();

  register(server: Server, requests: RequestEvents, refuse: RefuseBytes): void {
    server.on('connect', (_req, stream) => {
      const socket = stream as Socket;
      this.#add(socket, undefined);
      refuse(socket, 400, 'method CONNECT');
    });
    server.on('upgrade', (req, stream, early) => {
      const socket = stream as Socket;
      const upgrade = { early, switched: false };
      this.#add(socket, upgrade);
      requests.accept(req, createDetachedResponse(socket, req), false, upgrade);
    });
  }

  /** WebSockets have no last response after which they could be closed. */
  closeSwitched(): void {
    for (const [socket, upgrade] of this.#sockets.entries())
      if (upgrade?.switched === true) socket.destroySoon();
  }

  /**
   * Resolves when every connection has emitted `close`, so that their audit events precede the shutdown of
   * the sink.
   */
  async closed(): Promise<void> {
    const sockets = this.#sockets.keys();
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  /** Node no longer handles the errors and the end of such a connection. */
  #add(socket: Socket, upgrade: Upgrade | undefined): void {
    this.#sockets.set(socket, upgrade);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** Refuses bytes that are not a request. */
export type RefuseBytes = (socket: Socket, status: number, detail: string) => void;
