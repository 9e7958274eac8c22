import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

const SCRIPT = `
  import { createAuditSink } from ${JSON.stringify(new URL('../../../../src/observability/index.ts', import.meta.url).href)};
  import { sampleEvent } from ${JSON.stringify(new URL('../../../support/audit-events.ts', import.meta.url).href)};
  process.stdout; // Makes a pipe non-blocking, so that writes meet EAGAIN and come back short.
  const log = { info() {}, warn() {}, error(...told) { process.stderr.write(JSON.stringify(told)); } };
  const sink = createAuditSink({ enabled: true, required: true, issuerTypes: new Map() }, { log });
  for (let i = 0; i < 1000; i++) sink.write(sampleEvent({ requestId: 'req-' + i, detail: 'd'.repeat(i) }));
  await sink.close();
`;

test('a pipe whose reader is slow: every line whole, in order', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, told] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (told += chunk));
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    child.stdout.pause();
    setImmediate(() => child.stdout.resume());
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));

  expect([code, told]).toEqual([0, '']);
  const lines = out.trimEnd().split('\n');
  const ids = lines.map(
    (line) => (JSON.parse(line) as { http: { request: { id: string } } }).http.request.id,
  );
  expect(ids).toEqual(Array.from({ length: 1000 }, (_, i) => `req-${i}`));
});
