import { Counter, Gauge, type Registry } from 'prom-client';
import type { CandidateMeter } from '../../core/operation/meter.ts';
import { CounterGrid, exposeCounters } from './counter-grid.ts';
import type { Label, Names } from './names.ts';

const FROM: Label = { name: 'from', values: ['allow', 'shadow', 'deny'] };
const TO: Label = { name: 'to', values: ['allow', 'shadow', 'deny', 'not_evaluated'] };

export function createCandidateMeter(registry: Registry, services: Names): CandidateMeter {
  const differences = new CounterGrid(services, FROM, TO);
  exposeCounters(
    registry,
    {
      name: 'gatehouse_candidate_differences_total',
      help: 'Requests whose outcome differs under the candidate policy; "not_evaluated": it cannot be determined.',
      labelNames: ['service', 'from', 'to'],
    },
    differences,
  );
  const skipped = new Counter({
    name: 'gatehouse_candidate_skipped_total',
    help: 'Requests that the candidate policy did not evaluate: too many were waiting, or it failed.',
    registers: [registry],
  });
  const loaded = new Gauge({
    name: 'gatehouse_candidate_last_load_successful',
    help: '1 if the last load of the candidate policy succeeded, 0 if not, or if there is none.',
    registers: [registry],
  });
  return {
    differs: (from, to, service) =>
      differences.count(services.placeOf(service), FROM.values.indexOf(from), TO.values.indexOf(to)),
    skipped: () => skipped.inc(),
    loaded: (ok) => loaded.set(ok ? 1 : 0),
  };
}
