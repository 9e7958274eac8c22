import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, GitlabEndpoint, Route } from './gitlab-answer.ts';
import type { GitlabState } from './gitlab-state.ts';
import { misbehave } from './issuer.ts';
import type { Fault } from './issuer.ts';

/**
 * `rate-limited`: 429 with `Retry-After`. `firewall`: the same, or a 403 page, for requests with a credential that
 * contains `match`. A `status` response has a JSON body, as in GitLab's API.
 */
export type GitlabFault =
  | Fault
  | { readonly kind: 'rate-limited'; readonly retryAfter: number }
  | {
      readonly kind: 'firewall';
      readonly match: string;
      readonly status: 403 | 429;
      readonly retryAfter?: number;
    };

export type GitlabFaults = { [E in GitlabEndpoint]?: GitlabFault | undefined };

export interface SeenCall {
  /** Undefined if no endpoint matches. */
  readonly endpoint: GitlabEndpoint | undefined;
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined if the connection was dropped or the response was invalid. */
  status: number | undefined;
}

export interface ServingOptions {
  readonly routes: readonly Route[];
  readonly faults: GitlabFaults;
  /** Response delay by endpoint, in milliseconds. */
  readonly latency: { [E in GitlabEndpoint]?: number | undefined };
  readonly seen: SeenCall[];
  /** Endpoints at which failed authentications cause a ban. */
  readonly bans: readonly GitlabEndpoint[];
}

const BAN = { failures: 30, within: 180_000, lasts: 3_600_000 };

export type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Records one call, then delays, fails or handles it as the test configured. */
export function createServe(state: GitlabState, options: ServingOptions): Serve {
  const failures: number[] = [];
  let bannedUntil = 0;

  /** Rack::Attack::Allow2Ban: after that many failures in the window, valid credentials are rejected too. */
  function noteFailure(): void {
    const now = state.clock.now();
    failures.push(now);
    while ((failures[0] ?? now) <= now - BAN.within) failures.shift();
    if (failures.length >= BAN.failures) bannedUntil = now + BAN.lasts;
  }

  return async function serve(request, response) {
    const { method = '', url: target = '', headers } = request;
    const { pathname, searchParams: query } = new URL(target, 'http://stand-in');
    const route = options.routes.find(({ path, methods }) => path.test(pathname) && methods.includes(method));
    const seen: SeenCall = { endpoint: route?.endpoint, method, target, headers, status: undefined };
    options.seen.push(seen);
    const body = Buffer.concat(await request.toArray());
    const send = (answer: Answer, extra: Readonly<Record<string, string>> = {}): void => {
      seen.status = answer.status;
      write(response, answer, extra);
    };
    if (route === undefined) return send({ status: 404, body: { error: '404 Not Found' } });

    const { endpoint } = route;
    const wait = options.latency[endpoint];
    if (wait !== undefined) await delay(wait);
    const fault = options.faults[endpoint];
    if (fault?.kind === 'status') return send({ status: fault.status, body: { message: 'as told' } });
    if (fault?.kind === 'rate-limited') {
      const retryAfter = String(fault.retryAfter);
      return send({ status: 429, body: Buffer.from('Retry later\n') }, { 'retry-after': retryAfter });
    }
    if (fault?.kind === 'firewall') {
      if (credentialIn(headers).includes(fault.match)) {
        const extra = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
        return send({ status: fault.status, body: Buffer.from('<html>Blocked</html>') }, extra);
      }
    } else if (fault !== undefined && (await misbehave(response, fault)) === 'done') return undefined;

    const watched = options.bans.includes(endpoint);
    if (watched && state.clock.now() < bannedUntil) {
      return send({ status: 403, body: Buffer.from('Forbidden\n') });
    }
    const parts = route.path.exec(pathname)?.groups ?? {};
    const answer = route.answer({ method, parts, query, headers, body }, state);
    if (watched && answer.status === 401) noteFailure();
    return send(answer);
  };
}

function credentialIn({ authorization = '', 'job-token': job = '' }: IncomingHttpHeaders): string {
  return `${String(job)} ${Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('latin1')}`;
}

function write(
  response: ServerResponse,
  { status, body }: Answer,
  extra: Readonly<Record<string, string>>,
): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const type = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...extra }).end(bytes);
}
