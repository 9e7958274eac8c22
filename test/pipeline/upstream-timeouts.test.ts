/** Idle times of responses, with and without Content-Length. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withTimeouts } from '../../src/app/services/service-protocol.ts';
import { formatProblem, loadConfig } from '../../src/config/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startBodyWords } from '../support/scenario/body-words.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

describe('the defaults by service type', () => {
  const timeoutsOf = (type: 'http' | 'oci' | 'npm', timeouts: object) =>
    withTimeouts(serviceOf(type, timeouts)).upstream.timeouts;

  test('a registry has 15 minutes for the response to a write', () => {
    expect(timeoutsOf('oci', {})).toMatchObject({ headers: 60_000, writeHeaders: 900_000 });
    expect(timeoutsOf('npm', {})).toMatchObject({ headers: 60_000, writeHeaders: 60_000 });
    expect(timeoutsOf('oci', { headers: 5_000 })).toMatchObject({ headers: 5_000, writeHeaders: 5_000 });
  });

  test('streams of type http are not limited', () => {
    expect(timeoutsOf('http', {})).toMatchObject({ idle: 60_000, unboundedStreams: true });
    expect(timeoutsOf('npm', {})).toMatchObject({ idle: 60_000, unboundedStreams: false });
    expect(timeoutsOf('http', { idle: 9_000 })).toMatchObject({ idle: 9_000, unboundedStreams: false });
  });
});

function serviceOf(type: 'http' | 'oci' | 'npm', timeouts: object): Parameters<typeof withTimeouts>[0] {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-timeouts-'));
  const file = join(folder, 'gatehouse.yaml');
  const entries = Object.entries(timeouts).map(([name, value]) => `${name}: ${String(value)}ms`);
  writeFileSync(
    file,
    `version: 1
server: { publicUrl: "https://gateway.example.com" }
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com" } }
identities: {}
services:
  x: { type: ${type}, upstream: { url: "http://x.internal/", timeouts: { ${entries.join(', ')} } } }
`,
  );
  const loaded = loadConfig(file, {});
  rmSync(folder, { recursive: true });
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const [service] = loaded.config.services;
  if (service?.upstream === undefined) throw new Error('no service with an upstream');
  return { ...service, upstream: service.upstream };
}

describe('the idle time of a response', () => {
  const IDLE = 100;
  const POST = 'POST /api/start HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nread';
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';

  async function start(unboundedStreams: boolean) {
    const started = await startBodyWords({
      timeouts: { connect: 5_000, headers: 5_000, idle: IDLE, unboundedStreams },
    });
    keep(started);
    return started;
  }

  test.each([true, false])('with Content-Length is limited (unbounded streams: %s)', async (unbounded) => {
    const { upstream, port, events } = await start(unbounded);
    upstream.respond(`${HEAD}Content-Length: 100\r\n\r\nbegun`);
    const received = await exchange(port, POST, { quiet: 1_500 });
    expect(received).toMatch(/^HTTP\/1.1 200 OK/);
    await eventually('the event', () => events.length === 1);
    expect(events[0]).toMatchObject({ reason: 'upstream_timeout', aborted: true, bytesOut: 5 });
  });

  test('without a first byte is 504', async () => {
    const { upstream, port } = await start(true);
    upstream.respond(`${HEAD}Content-Length: 100\r\n\r\n`);
    expect(await exchange(port, POST, { quiet: 1_500 })).toMatch(/^HTTP\/1.1 504 /);
  });

  test('without Content-Length is unlimited: the stream goes on after a pause', async () => {
    const { upstream, port } = await start(true);
    upstream.respond((socket) => {
      socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`);
      setTimeout(() => socket.write('6\r\nsecond\r\n0\r\n\r\n'), 5 * IDLE);
    });
    const received = await exchange(port, POST, { quiet: 1_500 });
    expect(received).toContain('second');
    expect(received.endsWith('0\r\n\r\n')).toBe(true);
  });

  test('is limited if it is configured, without an end that looks complete', async () => {
    const upstream = keep(
      await startRecordingUpstream(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`),
    );
    const scenario = keep(await startOrdersScenario(upstream.url, { upstream: 'timeouts: { idle: 100ms }' }));
    const received = await exchange(scenario.port, scenario.head('GET', '/orders/x'), { quiet: 1_500 });
    expect(received).toContain('first');
    expect(received.endsWith('0\r\n\r\n')).toBe(false);
    expect((await scenario.audit())[0]).toMatchObject({
      event: { reason: 'upstream_timeout' },
      gatehouse: { aborted: true },
    });
  });
});
