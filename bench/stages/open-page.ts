/**
 * CPU that the recorded decisions add to a request, at 10,000 requests per second with an open Decisions page:
 * `npm run bench:decisions`. Batches with and without the recorder alternate in one process.
 */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { DecisionFeed } from '../../src/admin/console/pages/decisions/decision-feed.ts';
import { renderRows } from '../../src/admin/console/pages/decisions/decision-rows.ts';
import { createDecisionRecorder } from '../../src/observability/index.ts';
import { createStageBed } from './bed.ts';
import { createStagePipeline } from './pipeline.ts';
import { createIncoming, requestLine } from './requests.ts';

const PER_SECOND = 10_000;
const SECONDS = 1;
const ROUNDS = 30;

/** CPU per cached request of the whole process, in microseconds (docs/reference/performance.md). */
const REQUEST_CPU = 35;

const bed = await createStageBed();
const recorder = createDecisionRecorder({ now: Date.now, config: () => 'hash', candidate: () => undefined });
const silent = { available: () => true, flush: () => Promise.resolve(), write: () => undefined };
const without = createStagePipeline(bed, () => undefined, silent);
const recording = createStagePipeline(bed, () => undefined, {
  ...silent,
  write: (event) => recorder.write(event),
});

/** A page that reads the live updates. */
const feed = new DecisionFeed(() => recorder, renderRows, bed.ports.log);
const server = createServer((_request, response) => feed.add(response.writeHead(200), {}, () => true));
await once(server.listen(0, '127.0.0.1'), 'listening');
const page = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (response) =>
  response.resume(),
);

/** CPU microseconds per request, at the rate of the bench. */
async function measure(pipeline: typeof without): Promise<number> {
  const began = process.cpuUsage();
  const start = performance.now();
  let sent = 0;
  while (sent < PER_SECOND * SECONDS) {
    const due = Math.min(PER_SECOND * SECONDS, ((performance.now() - start) / 1000) * PER_SECOND);
    for (; sent < due; sent++) {
      const incoming = createIncoming(requestLine(bed.token));
      pipeline.request(incoming);
      incoming.res.emit('close');
    }
    await setTimeout(1);
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / sent;
}

function nanoseconds(microseconds = Number.NaN): string {
  return (microseconds * 1000).toFixed(0);
}

/** Of sorted values. */
function quantile(values: readonly number[], share: number): number {
  return values[Math.floor(share * values.length)] ?? Number.NaN;
}

// The first batches warm up the JIT: the token is in the verification cache then.
for (const pipeline of [without, recording]) await measure(pipeline);
const added: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const [first, second] = round % 2 === 0 ? [without, recording] : [recording, without];
  const [a, b] = [await measure(first), await measure(second)];
  added.push(first === without ? b - a : a - b);
}
const sorted = added.toSorted((a, b) => a - b);
const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
const percent = ((middle ?? Number.NaN) / REQUEST_CPU) * 100;
process.stdout.write(
  `${nanoseconds(middle)} ns per request (quartiles ${nanoseconds(low)} and ${nanoseconds(high)}), ` +
    `${percent.toFixed(1)} % of ${REQUEST_CPU} µs; ${recorder.size().records} records, ${recorder.size().bytes} bytes\n`,
);
page.destroy();
server.close();
server.closeAllConnections();
