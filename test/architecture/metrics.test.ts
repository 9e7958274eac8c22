/** Compares docs/reference/metrics.md with /metrics: names, types, labels, label values and help texts. */
import { expect, test } from 'vitest';
import { createTelemetry } from '../../src/observability/index.ts';
import { CREDENTIAL, DECISION, METHOD, REASON, STATUS } from '../../src/observability/metrics/names.ts';
import { sampleEvent } from '../support/audit-events.ts';
import { readText } from '../support/repository.ts';

const page = readText('docs/reference/metrics.md');

/** Cells of the rows below a heading. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const rows = section.split('\n## ')[0]?.matchAll(/^\| (`.*) \|$/gm) ?? [];
  return [...rows].map(([, cells = '']) => cells.split(' | ').map((cell) => cell.trim().replaceAll('`', '')));
}

/** The exposition after each kind of event has occurred once. */
async function exposition(): Promise<string> {
  const telemetry = createTelemetry({
    services: [{ name: 'orders', type: 'http' }],
    issuers: ['gitlab'],
    version: '1',
    configHash: 'abc',
  });
  telemetry.delegatedFiles([{ state: 'current' }]);
  telemetry.setAudit({ lost: () => 1, buffered: () => 1 });
  telemetry.setCredentialState({ revocationsAge: () => 1, signingKeyReady: () => true });
  const certificate = { role: 'ca', key: 'issuers.gitlab.caFile', file: 'ca.pem', subject: 'CN=x' } as const;
  telemetry.setCertificates(() => [{ ...certificate, expires: 1 }]);
  telemetry.setStoreHealth(() => ({
    errors: 1,
    reachable: false,
    degraded: true,
    dataLosses: 1,
    lastSuccess: undefined,
    lastError: undefined,
  }));
  telemetry.setKeySetAges(() => [{ issuer: 'gitlab', ageSeconds: 1 }]);
  telemetry.setLimitExchange(() => ({ replicas: 2, failedExchanges: 1 }));
  telemetry.limits.refused('orders', 'concurrent');
  const { requests, verification, connections, queues } = telemetry;
  requests.requestStarted('orders');
  requests.requestEnded(sampleEvent());
  verification.cacheHit('id_token');
  verification.cacheMiss('id_token');
  verification.verified('id_token', 'gitlab', 'verified', 0.1);
  verification.keySetFetched('gitlab', 'success');
  verification.jobChecked('gitlab', 'running');
  queues.waited('orders', 0.1);
  telemetry.candidate.differs('allow', 'deny', 'orders');
  connections.opened();
  connections.refused('all');
  return telemetry.metrics();
}

test('every gatehouse metric, with its type, labels and help text', async () => {
  const text = await exposition();
  const found = [...text.matchAll(/^# HELP (gatehouse_\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)$/gm)].map(
    ([, name = '', help = '', type = '', series = '']) => {
      const labels = [...series.matchAll(/[{,](\w+)="/g)]
        .map(([, label]) => label)
        .filter((each) => each !== 'le');
      expect(series, `${name} has no series: this test must make one`).toMatch(new RegExp(`^${name}`));
      return [name, type, labels.join(', '), help];
    },
  );
  expect(found.length).toBeGreaterThan(15);
  expect(tableUnder('Metrics')).toEqual(found.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)));
});

test('every value of every closed label', () => {
  const closed = [METHOD, STATUS, CREDENTIAL, DECISION, REASON];
  const documented = new Map(
    tableUnder('Labels').map(([label = '', values = '']) => [label, values.split(', ')]),
  );
  for (const { name, values } of closed) expect([name, documented.get(name)]).toEqual([name, values]);
});

test('buckets of the durations', async () => {
  const bounds = [...(await exposition()).matchAll(/upstream_duration_seconds_bucket\{le="([^"]+)"/g)];
  const [, documented = ''] = /Buckets in seconds: (.*)\./.exec(page) ?? [];
  expect(documented.split(', ')).toEqual(bounds.map(([, bound]) => bound).slice(0, -1));
});
