import { afterEach, expect } from 'vitest';
import { startIssuer, type TestIssuer } from '../issuer.ts';
import { OK, startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { useScenario, type Scenario } from '../scenario.ts';

export type RecordedBackends = {
  readonly issuer: TestIssuer;
  readonly upstream: RecordingUpstream;
  /** A server that the configuration does not name. */
  readonly evil: RecordingUpstream;
};

/** The request lines that the upstream received, in order. */
export function requestLines(upstream: RecordingUpstream): readonly string[] {
  return upstream.requests().map(({ requestLine }) => requestLine);
}

/**
 * An issuer, a recording upstream and a server `evil`; requests carry an ID token of project 20. After each test
 * no byte of that token reached the upstream, no connection reached `evil`, and the upstream responds 200 again.
 */
export function useRecordedScenario(options: {
  readonly host: string;
  readonly config: (backends: RecordedBackends) => string;
}): Scenario<RecordedBackends> {
  const scenario = useScenario<RecordedBackends>({
    ...options,
    backends: {
      issuer: () => startIssuer(),
      upstream: () => startRecordingUpstream(),
      evil: () => startRecordingUpstream(),
    },
    token: ({ issuer }) => issuer.mint(),
  });
  afterEach(() => {
    const { upstream, evil, token } = scenario;
    expect(upstream.bytes()).not.toContain(token);
    expect(evil.accepted()).toBe(0);
    upstream.respond(OK);
    upstream.reset();
  });
  return scenario;
}
