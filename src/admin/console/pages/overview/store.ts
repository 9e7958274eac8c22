import { html } from 'hono/html';
import type { StoreReport } from '../../../status-report.ts';
import type { Html } from '../../console-page.ts';
import type { ConsolePorts } from '../../console-ports.ts';
import { spanText, timeView } from '../../view/time.ts';

/** The section Store: the last calls, and the list of revocations. */
export function storeView(health: ReturnType<ConsolePorts['store']>, report: StoreReport, now: number): Html {
  const { kind, degraded, detail, errors, lastSuccess, lastError, dataLosses } = health;
  const badge = degraded
    ? html`<span class="badge bad">degraded</span>`
    : html`<span class="badge good">works</span>`;
  return html`<dl class="facts">
    <dt>Kind</dt>
    <dd>${kind === 'redis' ? 'Redis, shared by replicas' : 'SQLite, of this replica'}</dd>
    <dt>State</dt>
    <dd>${badge} ${detail ?? ''}</dd>
    <dt>Last success</dt>
    <dd>${lastSuccess === undefined ? 'none since the start' : timeView(lastSuccess, now)}</dd>
    <dt>Last failure</dt>
    <dd>
      ${lastError === undefined ? 'none since the start' : html`${timeView(lastError.at, now)} ${lastError.detail}`}
    </dd>
    <dt>Failed calls</dt>
    <dd>${errors}</dd>
    <dt>Revocations</dt>
    <dd>${revocationsView(report.revocations)}</dd>
    <dt>Data losses</dt>
    <dd>${dataLosses}</dd>
  </dl>`;
}

/** The age of the list that requests are checked against, and its limit. */
function revocationsView({ ageSeconds, maxAgeSeconds, usable }: StoreReport['revocations']): Html {
  const badge = usable
    ? html`<span class="badge good">usable</span>`
    : html`<span class="badge bad">not usable</span>`;
  const age = ageSeconds === null ? 'never read' : `read ${spanText(ageSeconds * 1000)} ago`;
  return html`${badge} ${age}; usable for ${spanText(maxAgeSeconds * 1000)}`;
}
