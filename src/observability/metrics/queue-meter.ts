import type { Registry } from 'prom-client';
import type { QueueMeter } from '../../core/operation/meter.ts';
import { exposeHistograms, HistogramGrid } from './histogram-grid.ts';
import type { Names } from './names.ts';

export function createQueueMeter(registry: Registry, services: Names): QueueMeter {
  const waits = new HistogramGrid(services);
  exposeHistograms(
    registry,
    {
      name: 'gatehouse_upstream_queue_seconds',
      help: 'Time that requests waited because upstream.connections requests were in flight. Requests that did not wait are not counted.',
      labelNames: ['service'],
    },
    waits,
  );
  return { waited: (service, seconds) => waits.observe(seconds, services.placeOf(service)) };
}
