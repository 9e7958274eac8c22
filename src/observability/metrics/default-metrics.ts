import { cpuUsage } from 'node:process';
import eventLoopLag from 'prom-client/lib/metrics/eventLoopLag.js';
import gc from 'prom-client/lib/metrics/gc.js';
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processHandles from 'prom-client/lib/metrics/processHandles.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processRequests from 'prom-client/lib/metrics/processRequests.js';
import processResources from 'prom-client/lib/metrics/processResources.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import version from 'prom-client/lib/metrics/version.js';
import { Counter, type Registry } from './prometheus.ts';

const WITHOUT_CPU = [
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
  eventLoopLag,
  processResources,
  processHandles,
  processRequests,
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  version,
  gc,
];

/** The `process_*` and `nodejs_*` metrics of `collectDefaultMetrics`. */
export function exposeDefaultMetrics(registry: Registry): void {
  exposeCpu(registry);
  // Milliseconds, the default of collectDefaultMetrics.
  for (const expose of WITHOUT_CPU) expose(registry, { eventLoopMonitoringPrecision: 10 });
}

/** The file of prom-client for these loads `@opentelemetry/api`. */
function exposeCpu(registry: Registry): void {
  const exposed = [
    ['process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', ['user']],
    ['process_cpu_system_seconds_total', 'Total system CPU time spent in seconds.', ['system']],
    ['process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', ['user', 'system']],
  ] as const;
  for (const [name, help, parts] of exposed) {
    const seconds = (): number => {
      const usage = cpuUsage();
      return parts.reduce((sum, part) => sum + usage[part] / 1e6, 0);
    };
    const start = seconds();
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(seconds() - start);
      },
    });
  }
}
