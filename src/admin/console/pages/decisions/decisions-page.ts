import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { DecisionLogSize } from '../../../../core/records/decision-record.ts';
import type { Log } from '../../../../core/ports.ts';
import type { ConsoleEnv, ConsolePage, Html } from '../../console-page.ts';
import type { PolicyPorts } from '../../policy-ports.ts';
import { numberText, POLICY_STYLES } from '../texts.ts';
import { DecisionFeed } from './decision-feed.ts';
import { filterForm, readDecisionFilter } from './decision-filter.ts';
import { decisionAddress, decisionTable, renderRows } from './decision-rows.ts';
import { showDecision } from './show-decision.ts';

const MAX_ROWS = 100;

/** Recorded decisions: the newest as a table, live by server-sent events, and one page for each request. */
export function decisionsPage(ports: PolicyPorts, log: Pick<Log, 'error'>): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  const feed = new DecisionFeed(() => ports.decisions(), renderRows, log);

  app.get('/', (context) => {
    const id = context.req.query('id')?.trim();
    if (id !== undefined && id !== '') return context.redirect(decisionAddress(id), 303);
    const filter = readDecisionFilter((name) => context.req.query(name));
    const log = ports.decisions();
    const rows = log?.list(filter, MAX_ROWS) ?? [];
    const isFiltered = Object.keys(filter).length > 0;
    return context.render(
      html`${POLICY_STYLES} ${findForm()} ${filterForm(filter, ports.names())}
        <div class="live" data-feed="${feedAddress(context.req.url)}">
          <p class="note" role="status" data-live-status>${summary(rows.length, isFiltered, log?.size())}</p>
        </div>
        ${decisionTable(rows)} ${rows.length === 0 ? empty(isFiltered) : ''}
        <script type="module" src="/console/assets/decisions.js"></script>`,
      { title: 'Decisions' },
    );
  });

  app.get('/feed', (context) => {
    const { outgoing } = context.env;
    if (feed.full || ports.decisions() === undefined)
      return context.text('Too many pages receive live updates.\n', 503, { 'Retry-After': '60' });
    const filter = readDecisionFilter((name) => context.req.query(name));
    outgoing.writeHead(200, FEED_HEADERS);
    outgoing.write(`retry: ${RETRY_MS}\n\n`);
    feed.add(outgoing, filter, context.get('accepted'));
    return RESPONSE_ALREADY_SENT;
  });

  app.get('/:id', (context) => showDecision(context, ports));
  return { path: 'decisions', label: 'Decisions', app };
}

/** The response is written without Hono, so that a stalled client is seen; the security headers do not apply to it. */
const FEED_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Milliseconds until a browser connects again. */
const RETRY_MS = 5_000;

function feedAddress(url: string): string {
  return `/console/decisions/feed${new URL(url).search}`;
}

function findForm(): Html {
  return html`<form class="fields find" method="get" action="/console/decisions">
    <div>
      <label for="id">Request id</label>
      <input
        id="id"
        name="id"
        required
        autocomplete="off"
        spellcheck="false"
        placeholder="X-Request-Id of the response"
      />
    </div>
    <button type="submit" class="quiet">Find</button>
  </form>`;
}

function summary(shown: number, isFiltered: boolean, size: DecisionLogSize | undefined): string {
  if (size === undefined) return 'Nothing is recorded.';
  const { records, requests, sampledOut } = size;
  const listed = isFiltered ? `${numberText(shown)} match` : `The newest ${numberText(shown)}`;
  const sampled =
    sampledOut === 0 ? '' : `; at high load a sample is recorded, ${numberText(sampledOut)} were left out`;
  return `${listed}, of ${numberText(records)} recorded. ${numberText(requests)} requests since the start${sampled}.`;
}

function empty(isFiltered: boolean): Html {
  return isFiltered
    ? html`<p class="empty">No recorded decision matches. <a href="/console/decisions">Show all</a>.</p>`
    : html`<p class="empty">
        No request has arrived yet. Send one through the gateway; its decision appears here.
      </p>`;
}
