import type { Socket } from 'node:net';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { LiveMap } from '../../util/resources/live-map.ts';

export interface TunnelLimits {
  /** Milliseconds without a byte in either direction. */
  readonly idle: number;
  /** Milliseconds; the maximum lifetime. */
  readonly lifetime: number;
}

/** Two connected sockets. */
export interface Tunnel {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly forwarding: Forwarding;
}

interface Watched {
  readonly openedAt: number;
  movedAt: number;
  moved: number;
}

/** Milliseconds. A revocation takes effect within one second, of which the cached list may take 300 ms. */
const INTERVAL = 250;

/** Ends tunnels that are idle, exceed their lifetime, or are no longer authorized. Tunnelled bytes are not inspected. */
export class TunnelWatch {
  readonly #limits: TunnelLimits;
  readonly #tunnels = new LiveMap<Tunnel, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #closed: string | undefined;

  constructor(limits: TunnelLimits) {
    this.#limits = limits;
  }

  add(tunnel: Tunnel): void {
    // The handshake was in progress when the other tunnels were closed.
    if (this.#closed !== undefined) return end(tunnel, this.#closed);
    const now = performance.now();
    this.#tunnels.set(tunnel, { openedAt: now, movedAt: now, moved: movedIn(tunnel) });
    this.#timer ??= setInterval(() => this.#check(performance.now()), INTERVAL).unref();
  }

  remove(tunnel: Tunnel): void {
    this.#tunnels.delete(tunnel);
    if (this.#tunnels.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Ends all tunnels, including those added later. */
  close(why: string): void {
    this.#closed = why;
    for (const tunnel of this.#tunnels.keys()) end(tunnel, why);
  }

  #check(now: number): void {
    for (const [tunnel, watched] of this.#tunnels.entries()) {
      const moved = movedIn(tunnel);
      if (moved !== watched.moved) {
        watched.moved = moved;
        watched.movedAt = now;
      }
      const refusal = tunnel.forwarding.reauthorize();
      if (refusal !== undefined) {
        tunnel.forwarding.broken(refusal.reason, refusal.detail);
        end(tunnel, refusal.detail);
      } else if (now - watched.movedAt >= this.#limits.idle) {
        end(tunnel, 'the tunnel was idle');
      } else if (now - watched.openedAt >= this.#limits.lifetime) {
        end(tunnel, 'the tunnel reached its lifetime');
      }
    }
  }
}

function movedIn({ client }: Tunnel): number {
  return client.bytesRead + client.bytesWritten;
}

function end({ client, upstream, forwarding }: Tunnel, why: string): void {
  forwarding.detail = why;
  client.destroy();
  upstream.destroy();
}
