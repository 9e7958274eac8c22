import { html } from 'hono/html';
import type { ServiceSample } from '../../../../core/operation/service-history.ts';
import type { Html } from '../../console-page.ts';
import type { ServicesReport } from '../../console-ports.ts';
import { sparkline } from '../../view/sparkline.ts';
import { spanText } from '../../view/time.ts';

const INTERVALS = 60;

export function servicesView({ services, intervalMs }: ServicesReport): Html {
  if (services.length === 0) return html`<p class="empty">The configuration has no services.</p>`;
  const span = spanText(INTERVALS * intervalMs);
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Services">
      <table>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Type</th>
            <th scope="col">Requests</th>
            <th scope="col">Latency (p95)</th>
            <th scope="col">Errors</th>
            <th scope="col">Denials</th>
          </tr>
        </thead>
        <tbody>
          ${services.map(
            ({ name, type, history }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td>${type}</td>
                ${cells(history?.samples ?? [], intervalMs)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="note">
      The lines cover the last ${span} of this replica in intervals of ${spanText(intervalMs)}. Requests and
      latency: last interval. Errors (status 5xx) and denials: sum of the ${span}.
    </p>`;
}

function cells(samples: readonly ServiceSample[], intervalMs: number): Html {
  const last = samples.at(-1);
  const rates = samples.map(({ requests }) => (requests * 1000) / intervalMs);
  const total = (key: 'requests' | 'errors' | 'denials'): number =>
    samples.reduce((sum, sample) => sum + sample[key], 0);
  const share = (count: number): string => {
    const requests = total('requests');
    return count === 0 || requests === 0 ? '' : ` (${((count / requests) * 100).toFixed(1)} %)`;
  };
  const cell = (text: string, values: readonly (number | undefined)[], kind: 'plain' | 'warning' | 'bad') =>
    html`<td>
      <div class="measure">
        <span class="value">${text}</span> ${sparkline(values, { length: INTERVALS, kind })}
      </div>
    </td>`;
  if (last === undefined) return html`<td colspan="4" class="soft">first values after one interval</td>`;
  const errors = total('errors');
  const denials = total('denials');
  return html`${cell(`${rateText(rates.at(-1) ?? 0)}/s`, rates, 'plain')}
  ${cell(
    latencyText(last.p95),
    samples.map(({ p95 }) => (p95 === Infinity ? MAX_LATENCY : p95)),
    'plain',
  )}
  ${cell(
    `${errors}${share(errors)}`,
    samples.map((sample) => sample.errors),
    'bad',
  )}
  ${cell(
    `${denials}${share(denials)}`,
    samples.map((sample) => sample.denials),
    'warning',
  )}`;
}

/** Seconds; the bound of the last finite bucket is 10. */
const MAX_LATENCY = 20;

function rateText(rate: number): string {
  return rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1);
}

function latencyText(p95: number | undefined): string {
  if (p95 === undefined) return '–';
  if (p95 === Infinity) return '> 10 s';
  return p95 >= 1 ? `≤ ${p95} s` : `≤ ${p95 * 1000} ms`;
}
