import type { RecordedRequest, RecordingUpstream } from './recording-upstream.ts';

/** The one request that the upstream has got; fails where there is none or more than one. */
export function receivedBy(upstream: RecordingUpstream): RecordedRequest {
  const [request, ...more] = upstream.requests();
  if (request === undefined || more.length > 0) {
    const lines = upstream.requests().map(({ requestLine }) => requestLine);
    throw new Error(`expected one request at the upstream, got ${lines.length}: ${lines.join(' | ')}`);
  }
  return request;
}

/**
 * Every value that a server could read under this name: CGI, WSGI and Rack turn `-` into `_` and lose case,
 * PHP turns `.` into `_` too, lighttpd whatever is neither letter nor digit.
 */
export function valuesOf({ headers }: RecordedRequest, name: string): readonly string[] {
  return [...headers].flatMap(([sent, values]) => (fold(sent) === fold(name) ? values : []));
}

/** Names of all headers, as such a server reads them. */
export function namesIn({ headers }: RecordedRequest): readonly string[] {
  return [...headers.keys()].map(fold);
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}
