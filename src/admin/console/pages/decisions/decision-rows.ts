import { html } from 'hono/html';
import type { DecisionRecord } from '../../../../core/records/decision-record.ts';
import type { Html } from '../../console-page.ts';
import { durationText, timeOfDay } from '../../view/time.ts';
import { clientText, NOTHING } from '../texts.ts';
import { verdictBadge } from './verdict-badge.ts';

export function decisionTable(rows: readonly DecisionRecord[]): Html {
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Recorded decisions">
    <table class="decisions">
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">Outcome</th>
          <th scope="col">Request</th>
          <th scope="col">Service</th>
          <th scope="col">Identity</th>
          <th scope="col" class="number">Status</th>
          <th scope="col" class="number">Duration</th>
          <th scope="col">Request id</th>
        </tr>
      </thead>
      <tbody data-live>
        ${rows.map(decisionRow)}
      </tbody>
    </table>
  </div>`;
}

function decisionRow(record: DecisionRecord): Html {
  const { requestId, startedAt, service, caller, status, duration } = record;
  return html`<tr>
    <td>${timeOfDay(startedAt)}</td>
    <td>${verdictBadge(record)} <span class="reason">${reasonText(record)}</span></td>
    <td class="request">${requestLine(record)}</td>
    <td>${service ?? NOTHING}</td>
    <td class="identity">${caller?.identity ?? NOTHING}</td>
    <td class="number">${status === 0 ? NOTHING : status}</td>
    <td class="number">${durationText(duration)}</td>
    <td class="id-cell">
      <a href="${decisionAddress(requestId)}"
        ><code class="id" title="${clientText(requestId)}">${clientText(requestId)}</code></a
      >
    </td>
  </tr>`;
}

/** Nothing for a request whose head could not be parsed. */
function requestLine({ method, path }: DecisionRecord): Html {
  return method === '' ? NOTHING : html`<code>${clientText(method)} ${clientText(path)}</code>`;
}

/** The rows as text, for live updates. */
export async function renderRows(records: readonly DecisionRecord[]): Promise<string> {
  return String(await html`${records.map(decisionRow)}`);
}

/** The reason, or the denial that shadow mode did not enforce. */
export function reasonText({ shadowed, reason }: Pick<DecisionRecord, 'shadowed' | 'reason'>): string {
  return shadowed ?? reason;
}

export function decisionAddress(requestId: string): string {
  return `/console/decisions/${encodeURIComponent(requestId)}`;
}
