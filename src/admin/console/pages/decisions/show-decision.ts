import type { Context } from 'hono';
import { html } from 'hono/html';
import type { DecisionRecord } from '../../../../core/records/decision-record.ts';
import type { ConsoleEnv, Html } from '../../console-page.ts';
import type { PolicyPorts } from '../../policy-ports.ts';
import { claimsTable } from '../claims-table.ts';
import { explainedOutcome } from '../explain/explanation.ts';
import { addressWith, clientText, POLICY_STYLES } from '../texts.ts';
import { credentialState } from './credential-state.ts';
import { decisionFacts } from './decision-facts.ts';
import { reasonText } from './decision-rows.ts';
import { verdictBadge } from './verdict-badge.ts';

/** `/console/decisions/ID`: everything that is known of one request. */
export async function showDecision(context: Context<ConsoleEnv>, ports: PolicyPorts): Promise<Response> {
  const id = context.req.param('id') ?? '';
  const record = ports.decisions()?.find(id);
  if (record === undefined) {
    context.status(404);
    return context.render(notRecorded(id), { title: 'Decision not recorded' });
  }
  return context.render(
    html`${POLICY_STYLES}
      <p class="request-line">
        ${verdictBadge(record)}
        <code>${clientText(record.method)} ${clientText(record.host)}${clientText(record.path)}</code>
      </p>
      ${links(record)}
      <div class="columns">
        <div>
          <section aria-labelledby="why">
            <h2 id="why">Evaluation</h2>
            ${await decisionTrace(record, ports)}
          </section>
          <section aria-labelledby="claims">
            <h2 id="claims">Claims</h2>
            ${claimsOf(record, ports)}
          </section>
        </div>
        <section aria-labelledby="facts">
          <h2 id="facts">Request</h2>
          ${decisionFacts(record)}
        </section>
      </div>`,
    { title: 'Decision' },
  );
}

/** The trace is computed now: recording it would cost time in each request. */
async function decisionTrace(record: DecisionRecord, ports: PolicyPorts): Promise<Html> {
  const { service, detail } = record;
  if (service === undefined || credentialState(record) === 'refused') {
    return html`<p class="verdict">
        ${verdictBadge(record)} <code>${reasonText(record)}</code>
        ${detail === undefined ? '' : clientText(detail)}
      </p>
      <p class="note">
        ${
          record.verdict === 'allowed'
            ? 'A built-in endpoint responded; the policy of no service applies.'
            : 'The request ended before the policy was evaluated.'
        }
      </p>`;
  }
  const outcome = await ports.explainRecord(record);
  return html`${
    isUnchanged(record, ports)
      ? ''
      : html`<p class="alert warning">
          The configuration has changed since the request. This is the decision of the active configuration.
        </p>`
  }
  ${explainedOutcome(outcome)}
  ${
    record.operationsTotal > record.operations.length
      ? html`<p class="note">
          The first ${record.operations.length} of ${record.operationsTotal} operations.
        </p>`
      : ''
  }`;
}

function isUnchanged({ config }: DecisionRecord, ports: PolicyPorts): boolean {
  return config === ports.configuration();
}

function claimsOf(record: DecisionRecord, ports: PolicyPorts): Html {
  const state = credentialState(record);
  switch (state) {
    case 'verified':
      return claimsTable(record.verified?.claims ?? {}, ports.claims());
    case 'refused':
      return html`<p class="note">The credential was not verified, so none of its claims is known.</p>`;
    case 'unread':
      return html`<p class="note">The request ended before its credential was read.</p>`;
    case 'none':
      return html`<p class="note">The request had no credential.</p>`;
    default:
      return state satisfies never;
  }
}

function links({ requestId, caller, service, reason }: DecisionRecord): Html {
  const similar = addressWith('/console/decisions', { service, identity: caller?.identity, reason });
  return html`<ul class="links">
    <li><a href="${addressWith('/console/explain', { request: requestId })}">Explain with changes</a></li>
    <li><a href="${similar}">Similar decisions</a></li>
    ${
      caller === undefined
        ? ''
        : html`<li>
            <a href="${addressWith('/console/access', { identity: caller.identity })}"
              >Access of ${caller.identity}</a
            >
          </li>`
    }
  </ul>`;
}

function notRecorded(id: string): Html {
  return html`${POLICY_STYLES}
    <p class="empty">
      This replica has no decision with the request id <code>${clientText(id.slice(0, 128))}</code>.
    </p>
    <p>Possible causes:</p>
    <ul>
      <li>Another replica has handled the request. Each page names its replica at the bottom.</li>
      <li>The request is too old: the latest decisions are kept in memory, until the process restarts.</li>
      <li>At high load a sample of the requests is recorded.</li>
      <li>The request has not ended yet.</li>
    </ul>
    <p>The audit log contains every request:</p>
    <pre tabindex="0">gatehouse explain --config gatehouse.yaml --request-id ID --audit audit.log</pre>
    <p><a href="/console/decisions">Recorded decisions</a></p>`;
}
