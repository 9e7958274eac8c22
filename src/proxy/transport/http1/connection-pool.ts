import { LiveMap } from '../../../util/resources/live-map.ts';
import type { Connector } from '../connector.ts';
import { UpstreamError } from '../upstream-error.ts';
import type { ResponseHandler, UpstreamRequest } from '../upstream-request.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import type { ConnectionTimeouts } from './connection-timeouts.ts';
import { WriteBatch } from './write-batch.ts';

export interface ConnectionPoolSettings {
  readonly maxConnections: number;
  /** Milliseconds after which a connection serves no further request, so that address changes are followed. */
  readonly lifetime: number;
  readonly timeouts: ConnectionTimeouts;
}

interface Pooled {
  readonly connector: Connector;
  /** Milliseconds of `performance.now()`. */
  readonly expiresAt: number;
}

interface Waiting {
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
}

/**
 * The connections to one upstream. The connection that was used last serves the next request, so that the others become
 * idle and close.
 */
export class ConnectionPool implements ConnectionOwner<Connection> {
  readonly #settings: ConnectionPoolSettings;
  #connector: Connector;
  readonly #connections = new LiveMap<Connection, Pooled>();
  /** The last one was used last. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  readonly batch = new WriteBatch();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connector: Connector, settings: ConnectionPoolSettings) {
    this.#connector = connector;
    this.#settings = settings;
  }

  /** Opens new connections with another connector; requests in flight are completed. */
  replaceConnector(connector: Connector): void {
    this.#connector = connector;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    if (this.#closed) return handler.onResponseError(undefined, new UpstreamError('pool_closed'));
    const connection = this.#takeIdle(request);
    if (connection !== undefined) connection.send(request, handler);
    else if (this.#makeRoom()) this.#open(request, handler);
    else this.#waiting.push({ request, handler });
  }

  close(): void {
    this.#closed = true;
    for (const { handler } of this.#waiting.splice(0))
      handler.onResponseError(undefined, new UpstreamError('pool_closed'));
    for (const connection of this.#connections.keys()) connection.close();
  }

  released(connection: Connection, keepAliveTimeout: number | undefined): void {
    const pooled = this.#connections.get(connection);
    const now = performance.now();
    const idle = idleLimit(keepAliveTimeout);
    if (this.#closed || pooled?.connector !== this.#connector || now >= pooled.expiresAt || idle <= 0)
      return connection.close();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return connection.send(waiting.request, waiting.handler);
    connection.idleSince = now;
    connection.deadline = now + idle;
    this.#idle.push(connection);
  }

  closed(connection: Connection): void {
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#stopTimer();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) this.dispatch(waiting.request, waiting.handler);
  }

  repeat(request: UpstreamRequest, handler: ResponseHandler): void {
    if (this.#closed) handler.onResponseError(undefined, new UpstreamError('pool_closed'));
    else this.#open(request, handler);
  }

  #takeIdle({ repeatable = false }: UpstreamRequest): Connection | undefined {
    for (let last = this.#idle.length - 1; last >= 0; last -= 1) {
      const connection = this.#idle[last];
      if (connection === undefined) return undefined;
      const now = performance.now();
      const expiresAt = Math.min(connection.deadline, this.#connections.get(connection)?.expiresAt ?? 0);
      if (now >= expiresAt) {
        connection.close();
        continue;
      }
      // The longer a connection was idle, the likelier the upstream closes it at this moment.
      if (!repeatable && now - connection.idleSince >= MAX_IDLE_UNREPEATABLE) return undefined;
      this.#idle.pop();
      return connection;
    }
    return undefined;
  }

  /** Whether another connection may be opened; an idle one is closed for it. */
  #makeRoom(): boolean {
    if (this.#connections.size >= this.#settings.maxConnections) this.#idle[0]?.close();
    return this.#connections.size < this.#settings.maxConnections;
  }

  #open(request: UpstreamRequest, handler: ResponseHandler): void {
    const connector = this.#connector;
    const connection = new Connection(this, this.#settings.timeouts);
    const expiresAt = performance.now() + this.#settings.lifetime;
    this.#connections.set(connection, { connector, expiresAt });
    this.#startTimer();
    connector((error, socket) => {
      if (error === null && socket !== undefined && !connection.closed) {
        connection.attach(socket);
        connection.send(request, handler);
        return;
      }
      socket?.destroy();
      connection.close();
      handler.onResponseError(undefined, error ?? new UpstreamError('pool_closed'));
    }, connection);
  }

  #startTimer(): void {
    this.#timer ??= setInterval(() => this.#expire(performance.now()), tick(this.#settings.timeouts)).unref();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #expire(now: number): void {
    for (const connection of this.#connections.keys()) if (now >= connection.deadline) connection.expire();
  }
}

/** Milliseconds for which a connection is kept idle: less than the upstream keeps it. */
function idleLimit(keepAliveTimeout: number | undefined): number {
  if (keepAliveTimeout === undefined) return MAX_IDLE;
  const announced = keepAliveTimeout * 1_000;
  return Math.min(MAX_IDLE, Math.max(announced - 1_000, announced / 2));
}

/** The deadlines of all connections are checked together, so that a request has no timer. */
function tick({ headers, idle }: ConnectionTimeouts): number {
  return Math.min(500, Math.max(10, Math.min(headers, idle) / 5));
}

/** Milliseconds; servers such as Node close an idle connection after 5 s. */
const MAX_IDLE = 4_000;
const MAX_IDLE_UNREPEATABLE = 1_000;
