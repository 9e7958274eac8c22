import { Hono } from 'hono';
import { html } from 'hono/html';
import type { IssuerStatus } from '../../../../core/operation/issuer-status.ts';
import type { ConsoleEnv, ConsolePage, Html } from '../../console-page.ts';
import type { ConsolePorts } from '../../console-ports.ts';
import type { CandidateReport, ReloadReport } from '../../../status-report.ts';
import { timeView } from '../../view/time.ts';
import { certificatesView } from './certificates.ts';
import { degradationsOf, type Degradation } from './degradations.ts';
import { servicesView } from './services.ts';
import { storeView } from './store.ts';

type OverviewPorts = Pick<ConsolePorts, 'clock' | 'startedAt' | 'ready' | 'status' | 'services' | 'store'>;

export function overviewPage(ports: OverviewPorts): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get('/', (context) => {
    const now = ports.clock.now();
    const readiness = ports.ready();
    const status = ports.status();
    return context.render(
      html`${degradationsView(readiness.ready, degradationsOf(readiness, status))}
        <h2>Services</h2>
        ${servicesView(ports.services())}
        <h2>Issuers</h2>
        ${issuersView(status.issuers, now)}
        <h2>Certificates</h2>
        ${certificatesView(status.certificates)}
        <div class="columns">
          <section>
            <h2>Configuration</h2>
            <dl class="facts">
              <dt>Active</dt>
              <dd><code>${status.config}</code></dd>
              <dt>Last reload</dt>
              <dd>${reloadView(status.reload, now)}</dd>
              <dt>Candidate</dt>
              <dd>${candidateView(status.candidate, now)}</dd>
              <dt>Process started</dt>
              <dd>${timeView(ports.startedAt, now)}</dd>
            </dl>
          </section>
          <section>
            <h2>Store</h2>
            ${storeView(ports.store(), status.store, now)}
          </section>
        </div>`,
      { title: 'Overview', refresh: 10 },
    );
  });
  return { path: '', label: 'Overview', app };
}

function degradationsView(ready: boolean, degradations: readonly Degradation[]): Html {
  if (degradations.length === 0) {
    return html`<p class="alert good"><strong>Ready.</strong> Nothing is degraded.</p>`;
  }
  const heading = ready
    ? 'Ready, with restrictions'
    : 'Not ready: /readyz is 503, so load balancers send no requests to this replica';
  return html`<section class="alert ${ready ? 'warning' : 'bad'}" aria-labelledby="degraded">
    <h2 id="degraded">${heading}</h2>
    <ul class="conditions">
      ${degradations.map(
        ({ kind, component, detail, effect }) =>
          html`<li>
            <span class="badge ${kind}">${kind === 'bad' ? 'failed' : 'degraded'}</span>
            <strong>${component}</strong>: ${detail}. <span class="effect">${effect}</span>
          </li>`,
      )}
    </ul>
  </section>`;
}

function issuersView(issuers: readonly IssuerStatus[], now: number): Html {
  if (issuers.length === 0) return html`<p class="empty">The configuration has no issuers.</p>`;
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Issuers">
    <table>
      <thead>
        <tr>
          <th scope="col">Issuer</th>
          <th scope="col">State</th>
          <th scope="col" class="number">Keys</th>
          <th scope="col">Fetched</th>
          <th scope="col">Last error</th>
          <th scope="col">URL</th>
        </tr>
      </thead>
      <tbody>
        ${issuers.map(
          ({ name, url, ready, keys, fetchedAt, lastError }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>
                ${ready ? html`<span class="badge good">ready</span>` : html`<span class="badge bad">no keys</span>`}
              </td>
              <td class="number">${keys}</td>
              <td>${fetchedAt === undefined ? 'never' : timeView(fetchedAt, now)}</td>
              <td class="text">${lastError ?? 'none'}</td>
              <td><code>${url}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function reloadView({ ok, at }: ReloadReport, now: number): Html {
  if (at === null) return html`none since the start`;
  const badge = ok ? html`<span class="badge good">ok</span>` : html`<span class="badge bad">failed</span>`;
  return html`${badge} ${timeView(Date.parse(at), now)}`;
}

function candidateView(candidate: CandidateReport | undefined, now: number): Html {
  if (candidate === undefined) return html`none`;
  const { ok, at, config } = candidate;
  const badge = ok
    ? html`<span class="badge good">evaluated</span>`
    : html`<span class="badge bad">invalid</span>`;
  const loaded = at === null ? '' : timeView(Date.parse(at), now);
  return html`${badge} ${config === null ? '' : html`<code>${config}</code>`} ${loaded}`;
}
