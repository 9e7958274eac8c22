import { expect, test } from 'vitest';
import { deny } from '../../../../src/core/decision.ts';
import { createTelemetry, type Telemetry } from '../../../../src/observability/index.ts';
import { refusedEvent, sampleEvent } from '../../../support/audit-events.ts';

function setUp(): Telemetry {
  return createTelemetry({
    services: [
      { name: 'orders', type: 'http' },
      { name: 'registry', type: 'oci' },
    ],
    issuers: ['gitlab', 'github'],
    version: '1.2.3',
    configHash: 'aaaa',
  });
}

/** Series of one metric, as `{labels} value`. */
async function seriesOf(telemetry: Telemetry, name: string): Promise<string[]> {
  const lines = (await telemetry.metrics()).split('\n');
  return lines.filter((line) => new RegExp(`^${name}[ {]`).test(line)).map((line) => line.slice(name.length));
}

test('requests and decisions by closed labels', async () => {
  const telemetry = setUp();
  const end = telemetry.requests.requestEnded;
  end(sampleEvent());
  end(sampleEvent());
  end(sampleEvent({ method: 'HEAD', status: 502, reason: 'upstream_unreachable' }));
  end(
    sampleEvent({
      service: 'registry',
      method: 'PURGE',
      status: 403,
      reason: 'scope_not_granted',
      decision: deny('scope_not_granted', ''),
    }),
  );
  end(refusedEvent({ status: 0, reason: 'request_malformed' }));
  end(sampleEvent({ service: 'gone-after-reload' }));

  expect(await seriesOf(telemetry, 'gatehouse_requests_total')).toEqual([
    '{service="none",method="GET",status="none",type="none"} 1',
    '{service="other",method="GET",status="2xx",type="other"} 1',
    '{service="orders",method="GET",status="2xx",type="http"} 2',
    '{service="orders",method="HEAD",status="5xx",type="http"} 1',
    '{service="registry",method="other",status="4xx",type="oci"} 1',
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_decisions_total')).toEqual([
    '{service="none",decision="none",reason="request_malformed",credential="none",type="none"} 1',
    '{service="other",decision="allow",reason="granted",credential="id_token",type="other"} 1',
    '{service="orders",decision="allow",reason="granted",credential="id_token",type="http"} 2',
    '{service="orders",decision="allow",reason="upstream_unreachable",credential="id_token",type="http"} 1',
    '{service="registry",decision="deny",reason="scope_not_granted",credential="id_token",type="oci"} 1',
  ]);
});

test('durations fall into cumulative buckets', async () => {
  const telemetry = setUp();
  for (const duration of [0.5, 1, 30, 20_000]) {
    telemetry.requests.requestEnded(sampleEvent({ duration, upstreamDuration: 2 }));
  }
  telemetry.requests.requestEnded(refusedEvent({ duration: 0 }));

  const of = 'service="orders",status="2xx",type="http"';
  const buckets = await seriesOf(telemetry, 'gatehouse_request_duration_seconds_bucket');
  expect(buckets.filter((line) => line.includes('orders'))).toEqual(
    [
      ...['0.001', '0.0025', '0.005', '0.01', '0.025'].map((le) => [le, 2]),
      ...['0.05', '0.075', '0.1', '0.25', '0.5', '0.75', '1', '2.5', '5', '7.5', '10'].map((le) => [le, 3]),
      ['+Inf', 4],
    ].map(([le, count]) => `{le="${le}",${of}} ${count}`),
  );
  expect(await seriesOf(telemetry, 'gatehouse_request_duration_seconds_sum')).toEqual([
    '{service="none",status="4xx",type="none"} 0',
    `{${of}} 20.0315`,
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_request_duration_seconds_count')).toEqual([
    '{service="none",status="4xx",type="none"} 1',
    `{${of}} 4`,
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_upstream_duration_seconds_count')).toEqual([
    '{service="orders",type="http"} 4',
  ]);
});

test('requests in flight go up and down again, whatever service they turn out to be for', async () => {
  const telemetry = setUp();
  telemetry.requests.requestStarted(undefined);
  telemetry.requests.requestStarted('orders');
  telemetry.requests.requestStarted(undefined);
  expect(await seriesOf(telemetry, 'gatehouse_requests_in_flight')).toEqual([' 3']);
  telemetry.requests.requestEnded(sampleEvent());
  telemetry.requests.requestEnded(refusedEvent());
  expect(await seriesOf(telemetry, 'gatehouse_requests_in_flight')).toEqual([' 1']);
});

test('verification', async () => {
  const telemetry = setUp();
  const { verification } = telemetry;
  verification.cacheHit('id_token');
  verification.cacheHit('id_token');
  verification.cacheMiss('deploy_token');
  verification.keySetFetched('gitlab', 'success');
  verification.keySetFetched('gitlab', 'failure');
  verification.verified('id_token', 'gitlab', 'verified', 0.0004);
  verification.verified('id_token', undefined, 'denied', 0.0001);
  verification.verified('job_token', 'github', 'unable', 11);

  expect(await seriesOf(telemetry, 'gatehouse_verification_cache_hits_total')).toEqual([
    '{credential="id_token"} 2',
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_verification_cache_misses_total')).toEqual([
    '{credential="deploy_token"} 1',
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_jwks_fetches_total')).toEqual([
    '{issuer="gitlab",outcome="success"} 1',
    '{issuer="gitlab",outcome="failure"} 1',
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_verification_duration_seconds_count')).toEqual([
    '{issuer="none",credential="id_token",outcome="denied"} 1',
    '{issuer="gitlab",credential="id_token",outcome="verified"} 1',
    '{issuer="github",credential="job_token",outcome="unable"} 1',
  ]);
});

test('the active configuration', async () => {
  const telemetry = setUp();
  expect(await seriesOf(telemetry, 'gatehouse_config_info')).toEqual(['{hash="aaaa"} 1']);
  telemetry.configReloaded(true, 'bbbb', 1_700_000_000_500);
  expect(await seriesOf(telemetry, 'gatehouse_config_info')).toEqual(['{hash="bbbb"} 1']);
  expect(await seriesOf(telemetry, 'gatehouse_config_last_reload_successful')).toEqual([' 1']);
  telemetry.configReloaded(false, 'cccc', 1_700_000_010_000);
  expect(await seriesOf(telemetry, 'gatehouse_config_info')).toEqual(['{hash="bbbb"} 1']);
  expect(await seriesOf(telemetry, 'gatehouse_config_last_reload_successful')).toEqual([' 0']);
  expect(await seriesOf(telemetry, 'gatehouse_config_last_reload_timestamp_seconds')).toEqual([
    ' 1700000010',
  ]);
});

test('a reload may add services; their counters are separate from the old ones', async () => {
  const telemetry = setUp();
  telemetry.requests.requestEnded(sampleEvent());
  const names = Array.from({ length: 50 }, (_, i) => ({ name: `new-${i}`, type: 'npm' }));
  telemetry.configReloaded(true, 'bbbb', 0, { services: names, issuers: ['cluster'] });
  telemetry.requests.requestEnded(sampleEvent({ service: 'new-49' }));
  telemetry.requests.requestEnded(sampleEvent());
  telemetry.verification.keySetFetched('cluster', 'success');
  expect(await seriesOf(telemetry, 'gatehouse_requests_total')).toEqual([
    '{service="orders",method="GET",status="2xx",type="http"} 2',
    '{service="new-49",method="GET",status="2xx",type="npm"} 1',
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_request_duration_seconds_count')).toEqual([
    '{service="orders",status="2xx",type="http"} 2',
    '{service="new-49",status="2xx",type="npm"} 1',
  ]);
  expect(await seriesOf(telemetry, 'gatehouse_jwks_fetches_total')).toEqual([
    '{issuer="cluster",outcome="success"} 1',
  ]);
});

test('a service that is called as a reserved value does not double a series', async () => {
  const telemetry = createTelemetry({
    services: [{ name: 'none', type: 'http' }],
    issuers: [],
    version: '1',
    configHash: 'a',
  });
  telemetry.requests.requestEnded(sampleEvent({ service: 'none' }));
  telemetry.requests.requestEnded(refusedEvent({ status: 200 }));
  expect(await seriesOf(telemetry, 'gatehouse_requests_total')).toEqual([
    '{service="none",method="GET",status="2xx",type="http"} 2',
  ]);
});

test('gauges that others feed', async () => {
  const telemetry = setUp();
  let lost = 0;
  telemetry.setAudit({ lost: () => lost, buffered: () => 0 });
  telemetry.setKeySetAges(() => [
    { issuer: 'gitlab', ageSeconds: 12 },
    { issuer: 'not-configured', ageSeconds: 1 },
  ]);
  lost = 7;
  expect(await seriesOf(telemetry, 'gatehouse_audit_lost_total')).toEqual([' 7']);
  expect(await seriesOf(telemetry, 'gatehouse_audit_lost_total')).toEqual([' 7']);
  expect(await seriesOf(telemetry, 'gatehouse_jwks_age_seconds')).toEqual(['{issuer="gitlab"} 12']);
});

test('the process itself, in the text format that Prometheus reads', async () => {
  const telemetry = setUp();
  expect(telemetry.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await seriesOf(telemetry, 'gatehouse_build_info')).toEqual(['{version="1.2.3"} 1']);
  expect(await seriesOf(telemetry, 'process_resident_memory_bytes')).toHaveLength(1);
  const text = await telemetry.metrics();
  expect(text).toContain('# TYPE gatehouse_request_duration_seconds histogram');
  expect(text).toContain('# TYPE gatehouse_requests_total counter');
  expect(text).not.toContain('undefined');
});
