import type { Dispatcher } from 'undici';
import type { Forward, Forwarding } from '../contract/forwarding.ts';
import type { Log } from '../contract/ports.ts';
import { createQueryCleaner } from './credential-parameters.ts';
import { createIdentityHeaders, headerValue, type IdentityHeaderTemplates } from './identity-headers.ts';
import { createLocationRewriter } from './location.ts';
import { Relay, type RelayPorts } from './relay.ts';
import { RequestBody } from './request-body.ts';
import { createHeaderCleaner } from './request-headers.ts';
import type { StallWatch } from './stall-watch.ts';
import { createUpstreamCredential, type UpstreamAuth } from './upstream-credential.ts';
import { createUpstreamPool } from './upstream-pool.ts';

export interface ForwardSettings {
  /** Name of the service, for logs. */
  readonly name: string;
  /** Public prefix; replaced by the path of `upstream.url`. */
  readonly path: string;
  readonly upstream: {
    readonly url: string;
    readonly hostHeader: 'upstream' | 'client';
    readonly caFile?: string | undefined;
    readonly auth?: UpstreamAuth | undefined;
    readonly redirectOrigins: readonly string[];
    /** Most requests in flight. */
    readonly connections: number;
    /** Milliseconds. */
    readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
  };
  readonly identityHeaders: IdentityHeaderTemplates;
  readonly keepCookies: boolean;
  /** Query parameters that carry credentials to this type of upstream. */
  readonly queryCarriers: readonly string[];
  readonly limits: { readonly bodyBytes?: number | undefined };
}

export interface Forwarder {
  readonly forward: Forward;
  close(): Promise<void>;
}

/** One service's way out: its connections, its credential, its headers. */
export function createForwarder(
  settings: ForwardSettings,
  ports: { log: Log; stalls: StallWatch },
): Forwarder {
  const { upstream } = settings;
  const target = new URL(upstream.url);
  const maxBody = settings.limits.bodyBytes ?? Infinity;
  const cleanQuery = createQueryCleaner(settings.queryCarriers);
  const credential = createUpstreamCredential(settings.name, upstream.auth, ports.log);
  const pool = createUpstreamPool(settings.name, upstream, ports.log);
  const identityHeaders = createIdentityHeaders(settings.identityHeaders);
  const location = createLocationRewriter({
    path: settings.path,
    upstreamUrl: upstream.url,
    redirectOrigins: upstream.redirectOrigins,
    cleanQuery,
  });
  const cleanHeaders = createHeaderCleaner({
    keepCookies: settings.keepCookies,
    cleanQuery,
    reserved: [
      ...Object.keys(settings.identityHeaders),
      ...(credential === undefined ? [] : [credential.name]),
    ],
  });
  let inFlight = 0;

  function forward(forwarding: Forwarding): void {
    const { incoming, head } = forwarding;
    const { req, res, client } = incoming;
    if (inFlight >= upstream.connections) {
      return forwarding.failed('overloaded', `${inFlight} requests in flight at ${settings.name}`);
    }
    const { headers, contentLength } = cleanHeaders(head.rawHeaders);
    if (contentLength !== undefined && contentLength > maxBody) {
      return forwarding.failed('body_too_large', `Content-Length ${contentLength}`);
    }
    headers.push('Host', upstream.hostHeader === 'client' ? head.host : target.host);
    if (head.hasBody && contentLength !== undefined) headers.push('Content-Length', String(contentLength));
    headers.push(
      'X-Forwarded-For',
      client.address,
      'X-Forwarded-Host',
      head.host,
      'X-Forwarded-Proto',
      client.proto,
    );
    headers.push('X-Request-Id', incoming.requestId);
    pushTrust(forwarding, headers);

    const body = head.hasBody ? new RequestBody(req, maxBody) : undefined;
    const options: Dispatcher.DispatchOptions = {
      method: head.method,
      path: target.pathname + head.path.slice(settings.path.length) + cleanQuery(head.query),
      headers,
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
    const relayPorts: RelayPorts = {
      location,
      stalls: ports.stalls,
      retry:
        body === undefined && SAFE_METHODS.has(head.method)
          ? () => void pool.dispatch(options, relay)
          : undefined,
      ended() {
        inFlight -= 1;
        if (upload !== undefined) ports.stalls.forget(upload);
      },
    };
    const relay = new Relay(forwarding, body, relayPorts);
    inFlight += 1;
    // Comes once; `once` would only add a wrapper to every request.
    res.on('close', () => relay.clientClosed());
    if (upload !== undefined) ports.stalls.watch(upload);
    if (incoming.expectsContinue) res.writeContinue();
    pool.dispatch(options, relay);
  }

  /** Who calls, and what the gateway itself presents; neither where policy said no and was not enforced. */
  function pushTrust({ allow, operations }: Forwarding, headers: string[]): void {
    if (allow.basis === 'shadow') return;
    if (credential !== undefined) headers.push(credential.name, credential.value());
    if (allow.caller === undefined) return;
    headers.push(...identityHeaders(allow.caller));
    const first = operations[0];
    if (first === undefined) return;
    const scopes =
      operations.length === 1 ? first.scope : [...new Set(operations.map(({ scope }) => scope))].join(' ');
    headers.push('X-Auth-Scopes', headerValue(scopes));
  }

  return {
    forward,
    async close() {
      credential?.close();
      await pool.close();
    },
  };
}

/** What may be sent twice when a kept connection turns out to be closed (RFC 9110 §9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
