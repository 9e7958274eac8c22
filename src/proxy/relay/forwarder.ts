import type { Dispatcher } from 'undici';
import type { Forward, Forwarding } from '../../core/request/forwarding.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { BufferBody } from '../../core/request/buffered-body.ts';
import { closeOnFailure } from '../../util/resources/close-on-failure.ts';
import { createAssertions } from '../upstream-credentials/assertions.ts';
import { createQueryCleaner } from '../headers/credential-parameters.ts';
import type { IdentityHeaderTemplates } from '../headers/identity-headers.ts';
import { createLocationRewriter } from '../rewrite/location.ts';
import { createOutgoingHead } from '../headers/upstream-request-head.ts';
import { createHeaderInjection, type InjectedHeaders } from '../headers/injected-headers.ts';
import { createRedirects } from './redirects.ts';
import { Relay, type RelayPorts } from './relay.ts';
import { RequestBody } from './request-body.ts';
import { CredentialFault, failCredential } from '../upstream-credentials/request-credential.ts';
import { createRewriting } from '../rewrite/rewriting.ts';
import type { StallWatch } from './stall-watch.ts';
import { createBodyBuffer } from './buffer-body.ts';
import type { TunnelLimits } from '../websocket/tunnel-watch.ts';
import { createTunnels } from '../websocket/tunnels.ts';
import {
  createUpstreamCredential,
  type CredentialPorts,
  type UpstreamAuth,
} from '../upstream-credentials/upstream-credential.ts';
import { createUpstreamPool, type PoolSettings } from '../transport/upstream-pool.ts';

export interface ForwardSettings {
  /** Name of the service, for logs. */
  readonly name: string;
  /** Of a registry: what clients write in front of the upstream's names. */
  readonly repositoryPrefix?: string | undefined;
  /** Public prefix; replaced by the path of `upstream.url`. */
  readonly path: string;
  readonly upstream: PoolSettings & {
    readonly hostHeader: 'upstream' | 'client';
    readonly auth?: UpstreamAuth | undefined;
    readonly redirectOrigins: readonly string[];
    /** Other URLs by which it calls itself. */
    readonly aliases: readonly string[];
  };
  /** Its own, in place of the issuers'. */
  readonly audiences?: readonly string[] | undefined;
  readonly identityHeaders: IdentityHeaderTemplates;
  /** Whether the upstream gets `X-Auth-Assertion`; signed as `publicUrl`. */
  readonly assertion: boolean;
  readonly publicUrl: string;
  readonly keepCookies: boolean;
  /** Request headers that are forwarded although the upstream may act on something else than the path. */
  readonly passHeaders?: readonly string[] | undefined;
  /** Query parameters that carry credentials to this type of upstream. */
  readonly credentialQueryParameters: readonly string[];
  readonly limits: { readonly bodyBytes?: number | undefined };
  /** Absent or false: what a handshake would switch to is not carried. */
  readonly webSockets?: TunnelLimits | false | undefined;
}

export interface Forwarder {
  readonly forward: Forward;
  readonly bufferBody: BufferBody;
  /**
   * The service has changed or the process ends: no file is watched any more, and once nothing is `inUse` all connections
   * are closed. Requests that come before that are served.
   */
  close(inUse?: Promise<unknown>): Promise<void>;
}

/** One service's way out: its connections, its credential, its headers. */
export function createForwarder(
  settings: ForwardSettings,
  ports: CredentialPorts & { readonly stalls: StallWatch; readonly keyring: Pick<Keyring, 'sign'> },
): Forwarder {
  const { upstream } = settings;
  const target = new URL(upstream.url);
  const maxBody = settings.limits.bodyBytes ?? Infinity;
  const cleanQuery = createQueryCleaner(settings.credentialQueryParameters);
  const { credential, pool } = closeOnFailure((keep) => {
    const shown = upstream.auth && createUpstreamCredential(settings, upstream.auth, ports);
    if (shown !== undefined) keep(shown);
    return { credential: shown, pool: createUpstreamPool(settings.name, upstream, ports.log) };
  });
  const redirects = createRedirects(settings.name, upstream, ports.log);
  const prepareInjectedHeaders = createHeaderInjection(
    credential,
    settings.assertion ? createAssertions(settings, ports) : undefined,
    upstream.auth?.forwardCredential === true,
  );
  const outgoing = createOutgoingHead(settings, cleanQuery, credential?.headers ?? []);
  const location = createLocationRewriter({
    path: settings.path,
    upstreamUrl: upstream.url,
    redirectOrigins: upstream.redirectOrigins,
    cleanQuery,
  });
  const rewritingFor = createRewriting(settings);
  const tunnels = settings.webSockets
    ? createTunnels({ ...settings.webSockets, location, timeouts: upstream.timeouts }, pool.connect)
    : undefined;
  let inFlight = 0;

  function forward(forwarding: Forwarding): void {
    if (inFlight >= upstream.connections) {
      return forwarding.failed('overloaded', `${inFlight} requests in flight at ${settings.name}`);
    }
    const injectedHeaders = prepareInjectedHeaders(forwarding);
    if (injectedHeaders instanceof Promise) sendWhenHad(forwarding, injectedHeaders);
    else if (injectedHeaders instanceof CredentialFault) failCredential(forwarding, injectedHeaders);
    else send(forwarding, injectedHeaders);
  }

  /** A request that waits for its credential has its place among those in flight. */
  function sendWhenHad(
    forwarding: Forwarding,
    injectedHeaders: Promise<InjectedHeaders>,
    again = false,
  ): void {
    inFlight += 1;
    injectedHeaders
      .then((had) => {
        inFlight -= 1;
        if (!forwarding.incoming.res.destroyed) send(forwarding, had, again);
      })
      .catch((error: unknown) => {
        inFlight -= 1;
        if (error instanceof CredentialFault) failCredential(forwarding, error);
        else forwarding.failed('internal_error', error instanceof Error ? error.name : 'unknown');
      });
  }

  /** `again`: with another credential, after the upstream refused one. */
  function send(forwarding: Forwarding, injectedHeaders: InjectedHeaders, again = false): void {
    const { incoming, head, plan, buffered } = forwarding;
    const { req, res, client } = incoming;
    const { path, headers, contentLength } = outgoing(forwarding, injectedHeaders);
    if (contentLength !== undefined && contentLength > maxBody) {
      return forwarding.failed('body_too_large', `Content-Length ${contentLength}`);
    }
    const rewriting = plan?.rewrite && rewritingFor(plan.rewrite, `${client.proto}://${head.host}`);
    const body = head.hasBody ? new RequestBody(req, maxBody, buffered, plan?.watch?.()) : undefined;
    const options: Dispatcher.DispatchOptions = {
      method: head.method,
      path,
      headers: rewriting === undefined ? headers : rewriting.request(headers),
      body: body ?? null,
      // HEAD would close the connection.
      reset: false,
    };
    const upload =
      body === undefined
        ? undefined
        : {
            moved: () => req.socket.bytesRead,
            waiting: () => !body.destroyed && !req.complete && !req.isPaused(),
            stalled: () => body.stall(),
          };
    const repeatable = body === undefined && SAFE_METHODS.has(head.method);
    const relayPorts: RelayPorts = {
      location,
      rewriting,
      stalls: ports.stalls,
      retry: repeatable ? () => void pool.dispatch(options, relay) : undefined,
      follow:
        repeatable && plan?.followRedirects === true
          ? (where) => follow(forwarding, where, new URL(options.path, target))
          : undefined,
      unauthorized() {
        if (forwarding.allow.basis === 'shadow') return 'upstream_unauthorized';
        const rejection =
          credential?.rejected(forwarding, injectedHeaders.presented) ?? 'upstream_unauthorized';
        if (rejection !== 'another') return rejection;
        if (!repeatable || again) return 'upstream_unauthorized';
        const fresh = prepareInjectedHeaders(forwarding);
        if (fresh instanceof CredentialFault) failCredential(forwarding, fresh);
        else sendWhenHad(forwarding, Promise.resolve(fresh), true);
        return undefined;
      },
      ended() {
        inFlight -= 1;
        if (upload !== undefined) ports.stalls.forget(upload);
      },
    };
    const relay = new Relay(forwarding, body, relayPorts);
    inFlight += 1;
    // Comes once; `once` would only add a wrapper to every request.
    res.on('close', () => relay.clientClosed());
    if (incoming.upgrade !== undefined && tunnels !== undefined) {
      return tunnels.open(forwarding, path, headers, relay);
    }
    if (upload !== undefined) ports.stalls.watch(upload);
    if (incoming.expectsContinue && buffered === undefined) res.writeContinue();
    pool.dispatch(options, relay);
  }

  function follow(forwarding: Forwarding, where: string, base: URL, hops = 1): string | undefined {
    if (hops > MOST_HOPS) return `more than ${MOST_HOPS} redirects`;
    const { head, incoming } = forwarding;
    const hop = redirects.hop(where, base, head.method, head.rawHeaders);
    if (typeof hop === 'string') return hop;
    const relay: Relay = new Relay(forwarding, undefined, {
      location,
      rewriting: undefined,
      stalls: ports.stalls,
      retry: () => void hop.pool.dispatch(hop.options, relay),
      follow: (next) => follow(forwarding, next, hop.url, hops + 1),
      unauthorized: () => 'upstream_unauthorized',
      ended: () => void (inFlight -= 1),
    });
    inFlight += 1;
    incoming.res.on('close', () => relay.clientClosed());
    hop.pool.dispatch(hop.options, relay);
    return undefined;
  }

  return {
    forward,
    bufferBody: createBodyBuffer({ maxBody, most: upstream.connections }, ports.stalls),
    async close(inUse) {
      credential?.close();
      tunnels?.close();
      await inUse;
      await Promise.all([pool.close(), redirects.close()]);
    },
  };
}

/** What may be sent twice when a kept connection turns out to be closed (RFC 9110 §9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Storage redirects once; a mirror in front of it, twice. */
const MOST_HOPS = 3;
