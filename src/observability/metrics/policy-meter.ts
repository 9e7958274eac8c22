import { Counter, type Registry } from 'prom-client';
import type { PolicyMeter } from '../../core/operation/meter.ts';

export function createPolicyMeter(registry: Registry): PolicyMeter {
  const skipped = new Counter({
    name: 'gatehouse_nearest_skipped_total',
    help: 'Credentials without a matching identity whose audit events lack gatehouse.nearest because of its rate limit.',
    registers: [registry],
  });
  return { nearestSkipped: () => skipped.inc() };
}
