import { samplesOf, spread } from './figures.ts';
import type { Figure, Figures, Metric } from './figures.ts';

/** A figure with an aim: the ratio or difference of two lanes, or the value of one. */
export interface Aim {
  readonly name: string;
  readonly scenario: string;
  readonly metric: Metric;
  readonly lane: string;
  /** The other lane; `÷` divides by it, `−` subtracts it. */
  readonly base?: { readonly operator: '÷' | '−'; readonly lane: string };
  readonly bound: { readonly kind: 'most' | 'least'; readonly value: number };
}

export interface Outcome extends Aim {
  readonly value: number;
  readonly met: boolean;
}

const CPU: Metric = 'CPU µs/request';
const BODY: Metric = 'CPU ms/GiB';

function ratio(name: string, scenario: string, metric: Metric, lanes: string, most: number): Aim {
  const [lane = '', base = ''] = lanes.split(' ÷ ');
  const bound = { kind: 'most', value: most } as const;
  return { name, scenario, metric, lane, base: { operator: '÷', lane: base }, bound };
}

function value(scenario: string, metric: Metric, lane: string, most: number): Aim {
  return { name: `${lane}: ${metric}`, scenario, metric, lane, bound: { kind: 'most', value: most } };
}

const added = { operator: '−', lane: 'direct' } as const;

const AIMS: readonly Aim[] = [
  ratio('cached, × HAProxy', 'cached', CPU, 'gatehouse ÷ haproxy', 0.75),
  ratio('cached, × Envoy with cache', 'cached', CPU, 'gatehouse ÷ envoy-cache', 0.6),
  ratio('cached, × bare undici', 'cached', CPU, 'gatehouse ÷ undici', 1.25),
  {
    ...ratio('requests/s, × HAProxy', 'cached', 'requests/s', 'gatehouse ÷ haproxy', 0),
    bound: { kind: 'least', value: 1.3 },
  },
  ratio('every token new, × HAProxy', 'new-tokens', CPU, 'gatehouse ÷ haproxy', 1.3),
  ratio('job token, × ID token', 'credentials', CPU, 'job token ÷ ID token', 1.05),
  ratio('deploy token, × ID token', 'credentials', CPU, 'deploy token ÷ ID token', 1.05),
  ratio('denied, × allowed', 'credentials', CPU, 'denied ÷ ID token', 1),
  ratio('unauthenticated, × allowed', 'credentials', CPU, 'unauthenticated ÷ ID token', 1),
  ratio('large policy, × small', 'large-policy', CPU, 'large ÷ small', 1.1),
  ratio('pull, × HAProxy', 'bodies', BODY, 'gatehouse pull ÷ haproxy pull', 0.9),
  ratio('push, × HAProxy', 'bodies', BODY, 'gatehouse push ÷ haproxy push', 1.8),
  value('bodies', 'RSS peak +MiB', 'gatehouse pull', 32),
  value('bodies', 'RSS peak +MiB', 'gatehouse push', 32),
  ratio('npm install, × direct', 'npm', 'seconds', 'gatehouse ÷ direct', 1.1),
  { ...value('latency', 'p50 ms', 'gatehouse', 0.3), name: 'added latency, p50 ms', base: added },
  { ...value('latency', 'p99 ms', 'gatehouse', 2), name: 'added latency, p99 ms', base: added },
  ratio('decision for a proxy, × node:http', 'authorizer', CPU, 'gatehouse ÷ node:http', 2),
  value('authorizer', 'p99 ms', 'gatehouse 2,000/s', 2),
  value('start', 'start to ready ms', 'gatehouse', 500),
  value('start', 'RSS MiB', 'gatehouse', 110),
  value('connections', 'KiB/connection', 'gatehouse', 16),
];

/** The aims whose lanes were measured. */
export function evaluateAims(figures: Figures, aims: readonly Aim[] = AIMS): readonly Outcome[] {
  return aims.flatMap((aim) => {
    const measured = valueOf(figures[aim.scenario] ?? [], aim);
    if (Number.isNaN(measured)) return [];
    const met = aim.bound.kind === 'most' ? measured <= aim.bound.value : measured >= aim.bound.value;
    return [{ ...aim, value: measured, met }];
  });
}

/** The median over the rounds, because both samples of a round are measured close in time. */
function valueOf(figures: readonly Figure[], { lane, metric, base }: Aim): number {
  const own = samplesOf(figures, lane, metric);
  if (base === undefined) return spread(own).median;
  const other = samplesOf(figures, base.lane, metric);
  return spread(
    own.flatMap((sample, round) => {
      const reference = other[round];
      if (reference === undefined) return [];
      return [base.operator === '÷' ? sample / reference : sample - reference];
    }),
  ).median;
}
