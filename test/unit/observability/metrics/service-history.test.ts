import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deny } from '../../../../src/core/decision.ts';
import { createTelemetry } from '../../../../src/observability/index.ts';
import { refusedEvent, sampleEvent } from '../../../support/audit-events.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => vi.useRealTimers());

function setUp() {
  const telemetry = createTelemetry({
    services: [
      { name: 'orders', type: 'http' },
      { name: 'registry', type: 'oci' },
    ],
    issuers: [],
    version: '1.2.3',
    configHash: 'aaaa',
  });
  const { services, requests } = telemetry;
  services.start();
  const samplesOf = (name: string) => services.read().find(({ service }) => service === name)?.samples;
  return { services, samplesOf, end: requests.requestEnded, interval: services.intervalMs };
}

test('a sample contains the requests, errors, denials and durations of one interval', () => {
  const { end, samplesOf, interval } = setUp();
  for (let i = 0; i < 19; i++) end(sampleEvent({ duration: 4 }));
  end(sampleEvent({ duration: 800, status: 502, reason: 'upstream_unreachable' }));
  const decision = deny('scope_not_granted', '');
  end(sampleEvent({ service: 'registry', status: 403, reason: decision.reason, decision }));
  end(refusedEvent({ status: 400, reason: 'request_malformed' }));
  end(refusedEvent({ status: 0, reason: 'client_left' }));
  vi.advanceTimersByTime(interval);
  end(sampleEvent({ duration: 90 }));
  vi.advanceTimersByTime(interval * 2);

  expect(samplesOf('orders')).toEqual([
    { requests: 20, errors: 1, denials: 0, p95: 0.005 },
    { requests: 1, errors: 0, denials: 0, p95: 0.1 },
    { requests: 0, errors: 0, denials: 0, p95: undefined },
  ]);
  expect(samplesOf('registry')?.[0]).toMatchObject({ requests: 1, errors: 0, denials: 1 });
  expect(samplesOf('none')?.[0]).toMatchObject({ requests: 2, denials: 1 });
});

test('ten minutes are kept', () => {
  const { end, services, samplesOf, interval } = setUp();
  end(sampleEvent());
  vi.advanceTimersByTime(interval * 61);
  expect(samplesOf('orders')).toHaveLength(60);
  expect(samplesOf('orders')?.some(({ requests }) => requests > 0)).toBe(false);
  services.stop();
  vi.advanceTimersByTime(interval);
  expect(samplesOf('orders')).toHaveLength(60);
});
