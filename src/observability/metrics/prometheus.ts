/**
 * The parts of prom-client that the gateway uses, by file: its index loads 60 more files, among them all of
 * `@opentelemetry/api`, which only exemplars use.
 */
export { default as Registry } from 'prom-client/lib/registry.js';
export { default as Counter } from 'prom-client/lib/counter.js';
export { default as Gauge } from 'prom-client/lib/gauge.js';
export { default as Histogram } from 'prom-client/lib/histogram.js';
