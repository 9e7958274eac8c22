import { afterEach, expect } from 'vitest';
import { OK, type RecordingUpstream } from '../recording-upstream.ts';

interface Recorded {
  readonly upstream: RecordingUpstream;
  /** A server that the configuration does not name. */
  readonly evil: RecordingUpstream;
  readonly token: string;
}

/** The request lines that the upstream received, in order. */
export function requestLines(upstream: RecordingUpstream): readonly string[] {
  return upstream.requests().map(({ requestLine }) => requestLine);
}

/**
 * After each test: no byte of the client's token reached the upstream, and no connection reached `evil`.
 * Resets the upstream to a 200 response.
 */
export function expectNoForbiddenTraffic(scenario: Recorded): void {
  afterEach(() => {
    const { upstream, evil, token } = scenario;
    expect(upstream.bytes()).not.toContain(token);
    expect(evil.accepted()).toBe(0);
    upstream.respond(OK);
    upstream.reset();
  });
}
