import type { Forward, Forwarding } from '../../core/request/forwarding.ts';
import type { InjectedHeaders } from '../headers/injected-headers.ts';
import { createTicketUrls, type WithTicket } from '../rewrite/ticket-urls.ts';
import type { UpstreamRequest } from '../transport/upstream-request.ts';
import {
  failCredential,
  type CredentialFault,
  type Rejection,
} from '../upstream-credentials/request-credential.ts';
import { createFollow } from './follow-redirects.ts';
import { watchMethodOverride } from './method-override.ts';
import { Relay } from './relay.ts';
import { RequestBody } from './request-body.ts';
import type { Transfer } from './stall-watch.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** Counts the requests in flight and sends each of them, with the upstream credential and the injected headers. */
export function createForward(side: UpstreamSide): Forward {
  const { prepareInjectedHeaders, stalls, outage, tunnels, pool, places } = side;
  const { writeHeaders } = side.timeouts;
  const follow = createFollow(side);

  function forward(forwarding: Forwarding): void {
    if (places.available()) start(forwarding);
    else places.wait(forwarding, (waited) => ifStillAllowed(waited, () => start(waited)));
  }

  function start(forwarding: Forwarding): void {
    const injected = prepareInjectedHeaders(forwarding);
    if (injected instanceof Promise) sendWhenReady(forwarding, injected, false);
    else sendWith(forwarding, injected, false);
  }

  /** A request that waits for its credential counts as in flight. */
  function sendWhenReady(
    forwarding: Forwarding,
    pending: Promise<InjectedHeaders | CredentialFault>,
    isRetry: boolean,
  ): void {
    places.take();
    const fail = (error: unknown): void =>
      forwarding.failed('internal_error', error instanceof Error ? error.name : 'unknown');
    pending
      .then(
        (injected) => {
          places.free();
          ifStillAllowed(forwarding, () => sendWith(forwarding, injected, isRetry));
        },
        (error: unknown) => {
          places.free();
          fail(error);
        },
      )
      .catch(fail);
  }

  function sendWith(
    forwarding: Forwarding,
    injected: InjectedHeaders | CredentialFault,
    isRetry: boolean,
  ): void {
    if (injected.kind === 'credential-fault') {
      outage.failed(injected);
      return failCredential(forwarding, injected);
    }
    if (!forwarding.incoming.res.destroyed) send(forwarding, injected, isRetry);
  }

  /** `isRetry`: the upstream rejected the previous credential with 401. */
  function send(forwarding: Forwarding, injected: InjectedHeaders, isRetry: boolean): void {
    const { incoming, buffered } = forwarding;
    const { req, res } = incoming;
    const { path, headers, contentLength } = side.outgoing(forwarding, injected);
    if (contentLength !== undefined && contentLength > side.maxBody) {
      return forwarding.failed('body_too_large', `Content-Length ${contentLength}`);
    }
    const withTicket = ticketUrls(side, forwarding, injected, path);
    const rewriting = rewritingOf(side, forwarding, withTicket);
    const body = requestBody(side, forwarding);
    const upload = body && uploadOf(req, body);
    const { method } = forwarding.head;
    const safe = SAFE_METHODS.has(method);
    const repeatable = body === undefined && safe;
    const request: UpstreamRequest = {
      method,
      path,
      headers: rewriting === undefined ? headers : rewriting.request(headers),
      body,
      contentLength,
      headersTimeout: safe ? undefined : writeHeaders,
      repeatable,
    };
    const relay = new Relay(forwarding, body, {
      location: withTicket ?? side.location,
      // With a ticket, any path is a file, and a document would be relayed unchanged.
      redirect: rewriting && side.location,
      keepCookies: side.keepCookies,
      rewriting,
      stalls,
      outage,
      follow:
        repeatable && forwarding.plan?.followRedirects === true
          ? (location) => follow(forwarding, location, new URL(path, side.target))
          : undefined,
      unauthorized: () => unauthorized(forwarding, injected, repeatable && !isRetry),
      ended() {
        places.free();
        if (upload !== undefined) stalls.forget(upload);
      },
    });
    places.take();
    // `close` is emitted once; `once` would allocate a wrapper for every request.
    res.on('close', () => relay.clientClosed());
    if (incoming.upgrade !== undefined && tunnels !== undefined) {
      return tunnels.open(forwarding, path, headers, relay);
    }
    if (upload !== undefined) stalls.watch(upload);
    if (incoming.expectsContinue && buffered === undefined) res.writeContinue();
    pool.dispatch(request, relay);
  }

  /** Undefined: the request is sent again with another credential. */
  function unauthorized(
    forwarding: Forwarding,
    { attached }: InjectedHeaders,
    mayRepeat: boolean,
  ): Exclude<Rejection, 'another'> | undefined {
    if (forwarding.allow.basis === 'shadow') return 'upstream_unauthorized';
    const rejection = side.credential?.rejected(forwarding, attached) ?? 'upstream_unauthorized';
    if (rejection !== 'another') return rejection;
    if (!mayRepeat) return 'upstream_unauthorized';
    const fresh = prepareInjectedHeaders(forwarding);
    if ('kind' in fresh && fresh.kind === 'credential-fault') failCredential(forwarding, fresh);
    else sendWhenReady(forwarding, Promise.resolve(fresh), true);
    return undefined;
  }

  return forward;
}

/** During a wait, the credential can be revoked, or the policy can change. */
function ifStillAllowed(forwarding: Forwarding, then: () => void): void {
  const refusal = forwarding.reauthorize();
  if (refusal === undefined) then();
  else forwarding.refused(refusal);
}

function rewritingOf(
  side: UpstreamSide,
  { plan, head, incoming }: Forwarding,
  withTicket: WithTicket | undefined,
) {
  const origin = side.publicOrigin(head.host, incoming.client.proto);
  return plan?.rewrite && side.rewritingFor(plan.rewrite, origin, withTicket);
}

/** `path`: the target at the upstream, to which relative URLs of the response refer. */
function ticketUrls(
  side: UpstreamSide,
  { head, incoming }: Forwarding,
  { issueTicket }: InjectedHeaders,
  path: string,
): WithTicket | undefined {
  return (
    issueTicket &&
    createTicketUrls({
      ...side,
      base: new URL(path, side.target),
      host: head.host,
      origin: side.publicOrigin(head.host, incoming.client.proto),
      issue: issueTicket,
    })
  );
}

function requestBody(
  side: UpstreamSide,
  { plan, head, incoming, buffered }: Forwarding,
): RequestBody | undefined {
  if (!head.hasBody) return undefined;
  const watches = [plan?.watch?.(), watchMethodOverride(head)].filter((watch) => watch !== undefined);
  return new RequestBody(incoming.req, side.maxBody, buffered, watches);
}

/** The transfer of the request body from the client. */
function uploadOf(req: Forwarding['incoming']['req'], body: RequestBody): Transfer {
  return {
    moved: () => req.socket.bytesRead,
    waiting: () => body.open && !req.complete && !req.isPaused(),
    stalled: () => body.stall(),
  };
}

/** Methods that are sent again when a kept-alive connection turns out to be closed (RFC 9110 §9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
