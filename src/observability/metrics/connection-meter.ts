import { Gauge, type Registry } from 'prom-client';
import type { ConnectionMeter } from '../../core/operation/meter.ts';
import { CounterGrid, exposeCounters } from './counter-grid.ts';

const LIMIT = { name: 'limit', values: ['all', 'address', 'pipelined'] } as const;

export function createConnectionMeter(registry: Registry): ConnectionMeter {
  let open = 0;
  const refused = new CounterGrid(LIMIT);

  new Gauge({
    name: 'gatehouse_connections',
    help: 'Open client connections, including idle connections.',
    registers: [registry],
    collect() {
      this.set(open);
    },
  });
  exposeCounters(
    registry,
    {
      name: 'gatehouse_connections_refused_total',
      help: 'Client connections closed: "all" and "pipelined" by server.limits.connections, "address" by connectionsPerAddress.',
      labelNames: ['limit'],
    },
    refused,
  );

  return {
    opened: () => void (open += 1),
    closed: () => void (open -= 1),
    refused: (limit) => refused.count(LIMIT.values.indexOf(limit)),
  };
}
