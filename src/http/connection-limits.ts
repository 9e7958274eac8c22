import type { BlockList, Socket } from 'node:net';
import type { ConnectionLimit, ConnectionMeter } from '../core/operation/meter.ts';
import type { Log } from '../core/ports.ts';
import { networkOf } from '../util/http/client-network.ts';
import { LiveMap } from '../util/resources/live-map.ts';
import { contains, plainAddress } from './networks.ts';

export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Milliseconds between two log lines about refusals, so that a flood of connections does not flood the log. */
const LOG_INTERVAL = 60_000;

const LOGGED = {
  all: 'client connections are refused: too many are open',
  address: 'client connections are refused: too many are open',
  pipelined: 'client connections with pipelined requests are closed: too many requests are in flight',
} as const satisfies Readonly<Record<ConnectionLimit, string>>;

/**
 * Counts connections and closes excess connections before any byte is read or a TLS handshake starts. An open
 * connection costs memory even if it is idle (threats D6).
 */
export class ConnectionCount {
  readonly #ports: { readonly log: Log; readonly meter: ConnectionMeter };
  /** With the network of the client. */
  readonly #open = new LiveMap<Socket, string>();
  #acceptedAt = Number.NEGATIVE_INFINITY;
  readonly #byNetwork = new Map<string, number>();
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: { readonly log: Log; readonly meter: ConnectionMeter }) {
    this.#ports = ports;
  }

  open(): readonly Socket[] {
    return this.#open.keys();
  }

  /** Time of the last accepted connection, as of `performance.now()`. */
  get acceptedAt(): number {
    return this.#acceptedAt;
  }

  /** False: the connection has been closed. The limit per address does not apply to `trusted` proxies. */
  admit(socket: Socket, limits: ConnectionLimits, trusted: BlockList | 'all' | undefined): boolean {
    const { meter } = this.#ports;
    const address = plainAddress(socket.remoteAddress ?? '');
    const network = networkOf(address);
    const count = (this.#byNetwork.get(network) ?? 0) + 1;
    this.#open.set(socket, network);
    this.#acceptedAt = performance.now();
    this.#byNetwork.set(network, count);
    meter.opened();
    socket.once('close', () => this.#forget(socket));
    if (this.#open.size > limits.connections) return this.#refuse(socket, 'all', address);
    const isProxy = trusted === 'all' || (trusted !== undefined && contains(trusted, address));
    if (count > limits.connectionsPerAddress && !isProxy) return this.#refuse(socket, 'address', address);
    return true;
  }

  /** Closes a connection with pipelined requests. Node reads them without a limit while responses are pending. */
  refusePipelined(socket: Socket): void {
    this.#refuse(socket, 'pipelined', plainAddress(socket.remoteAddress ?? ''));
  }

  #refuse(socket: Socket, limit: ConnectionLimit, address: string): false {
    this.#ports.meter.refused(limit);
    const now = performance.now();
    if (now - this.#loggedAt >= LOG_INTERVAL) {
      this.#loggedAt = now;
      this.#ports.log.warn(LOGGED[limit], { limit, address });
    }
    socket.destroy();
    return false;
  }

  #forget(socket: Socket): void {
    const network = this.#open.get(socket) ?? '';
    this.#open.delete(socket);
    this.#ports.meter.closed();
    const left = (this.#byNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, left);
  }
}
