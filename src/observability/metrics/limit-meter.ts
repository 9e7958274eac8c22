import { Counter, Gauge, type Registry } from 'prom-client';
import type { LimitMeter } from '../../core/operation/meter.ts';
import { CounterGrid, exposeCounters } from './counter-grid.ts';
import type { Label, Names } from './names.ts';

const KIND: Label = { name: 'kind', values: ['rate', 'concurrent'] };

export interface LimitExchangeState {
  readonly replicas: number;
  readonly failedExchanges: number;
}

export function createLimitMeter(registry: Registry, services: Names): LimitMeter {
  const refusals = new CounterGrid(services, KIND);
  exposeCounters(
    registry,
    {
      name: 'gatehouse_identity_limited_total',
      help: 'Requests that a limit of an identity or of a service refused.',
      labelNames: ['service', 'kind'],
    },
    refusals,
  );
  return {
    refused: (service, limit) => refusals.count(services.placeOf(service), limit === 'concurrent' ? 1 : 0),
  };
}

export function exposeLimitExchange(registry: Registry, state: () => LimitExchangeState): void {
  new Gauge({
    name: 'gatehouse_limit_replicas',
    help: 'Replicas that share the limits of identities, this one included; 1 without Redis or without limits.',
    registers: [registry],
    collect() {
      this.set(state().replicas);
    },
  });
  new Counter({
    name: 'gatehouse_limit_exchange_failures_total',
    help: 'Reports about limits of identities that could not be exchanged; after 5 s, each replica applies an equal part.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(state().failedExchanges);
    },
  });
}
