import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { headersByName, readHandshake, SWITCHING, type Handshake } from './handshake-headers.ts';
import { createHandshakeSender } from './handshake-sender.ts';
import { destroyOnEnd } from './destroy-on-end.ts';
import type { LocationRewriter } from '../rewrite/location.ts';
import { relayResponse } from '../relay/relay-response.ts';
import type { Relay } from '../relay/relay.ts';
import type { InvalidResponse } from '../transport/invalid-response.ts';
import { readResponseHead } from '../transport/response-head.ts';
import { internalFault } from '../transport/upstream-fault.ts';
import { checkSwitching } from './switching-response.ts';
import { TunnelWatch, type Tunnel, type TunnelLimits } from './tunnel-watch.ts';
import type { UpstreamPool } from '../transport/upstream-pool.ts';

export interface TunnelSettings extends TunnelLimits {
  readonly location: LocationRewriter;
  readonly keepCookies: boolean;
  /** Milliseconds: until the response head, and without a byte of a response other than 101. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
}

export interface Tunnels {
  /** Sends a validated handshake; `relay` handles any response other than a valid 101. */
  open(forwarding: Forwarding, path: string, headers: readonly string[], relay: Relay): void;
  close(): void;
}

/**
 * WebSocket tunnels. http-proxy-3 sends the handshake and connects the two sockets. The gateway checks the response
 * itself, because http-proxy-3 relays any response unchecked (docs/adr/0019-websockets.md).
 */
export function createTunnels(settings: TunnelSettings, connect: UpstreamPool['connect']): Tunnels {
  const { timeouts, location, keepCookies } = settings;
  const watch = new TunnelWatch(settings);
  const sendHandshake = createHandshakeSender(connect);

  function open(forwarding: Forwarding, path: string, headers: readonly string[], relay: Relay): void {
    const { req, upgrade } = forwarding.incoming;
    if (upgrade === undefined) throw new TypeError('a handshake without a connection');
    const client = req.socket;
    const handshake = readHandshake(headers);
    const sent = sendHandshake(path, headers, client, upgrade.early);
    if (sent.kind === 'unsendable') return relay.onResponseError(undefined, sent.error);
    const { request } = sent;
    const [connectSockets, ...others] = request.listeners('upgrade');
    if (connectSockets === undefined || others.length > 0)
      throw new TypeError('http-proxy-3 no longer registers exactly one upgrade listener');
    // No response is lost: the connection is opened in a later turn of the event loop.
    for (const event of ['upgrade', 'response', 'error']) request.removeAllListeners(event);

    const stopWatching = destroyOnEnd(client);
    const timer = setTimeout(() => request.destroy(new TimeoutError()), timeouts.connect + timeouts.headers);
    const responded = (): void => {
      clearTimeout(timer);
      stopWatching();
    };
    relay.onRequestStart({ ...NO_CONTROL, abort: () => void request.destroy() });
    request.on('error', (error) => {
      responded();
      relay.onResponseError(undefined, error);
    });
    request.on('response', (response) => {
      responded();
      request.setTimeout(timeouts.idle, () => request.destroy(new TimeoutError()));
      relayResponse(request, response, relay);
    });
    request.on('upgrade', (response, upstream, early) => {
      responded();
      upstream.on('error', () => upstream.destroy());
      forwarding.upstreamStatus = 101;
      try {
        const checked = checkResponse(response, handshake, forwarding);
        if (checked.kind === 'invalid') {
          upstream.destroy();
          return relay.refuse('upstream_invalid', checked.detail);
        }
        response.headers = checked.headers;
        upgrade.switched = true;
        // http-proxy-3 writes the 101 as text. Header values are bytes that Node decoded as latin1.
        client.setDefaultEncoding('latin1');
        connectSockets.call(request, response, upstream, early);
        client.setDefaultEncoding('utf8');
        track({ client, upstream, forwarding });
      } catch (error) {
        upstream.destroy();
        const { detail } = internalFault(error);
        if (upgrade.switched) client.destroy();
        else relay.refuse('internal_error', detail);
      }
    });
  }

  function checkResponse(
    response: IncomingMessage,
    handshake: Handshake,
    { head, incoming }: Forwarding,
  ): { readonly kind: 'switching'; readonly headers: IncomingHttpHeaders } | InvalidResponse {
    const problem = checkSwitching(response.rawHeaders, handshake);
    if (problem !== undefined) return problem;
    const read = readResponseHead(response.rawHeaders, 101, head.host, location, keepCookies);
    if (read.kind === 'invalid') return read;
    const headers = headersByName([...read.headers, ...SWITCHING, 'X-Request-Id', incoming.requestId]);
    return { kind: 'switching', headers };
  }

  function track(tunnel: Tunnel): void {
    const { client, upstream, forwarding } = tunnel;
    const [sentBefore, gotBefore, openedAt] = [upstream.bytesWritten, client.bytesWritten, performance.now()];
    watch.add(tunnel);
    // Prepended: the audit event is emitted by a later listener and contains these counters.
    client.prependOnceListener('close', () => {
      forwarding.bytesIn = upstream.bytesWritten - sentBefore;
      forwarding.bytesOut = client.bytesWritten - gotBefore;
      forwarding.upstreamDuration = performance.now() - openedAt;
      watch.remove(tunnel);
      upstream.destroy();
    });
    // The client receives the remaining bytes before its connection is destroyed.
    upstream.once('close', () => setTimeout(() => client.destroy(), LINGER).unref());
  }

  return {
    open,
    close: () => watch.close('the service changed or the gateway is stopping'),
  };
}

/** Milliseconds for the remaining bytes after the upstream closed. */
const LINGER = 2_000;

class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

const NO_CONTROL = {
  pause: () => undefined,
  resume: () => undefined,
};
